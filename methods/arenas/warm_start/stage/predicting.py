"""A network that predicts the weights of others from their graphs.

A network is a graph of its tensors: each reads from the one before, a block's output also from the stream before it.
A node is what its tensor is for, how deep it stands, and how wide the network is. An encoder mixes nodes; a decoder
turns a node into the largest matrix of its kind, of which the network takes the upper left part, scaled by the root of
its share, so that sums over inputs keep their size.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from methods.kit.lm_nets import Body

KINDS = ("graph", "alone")                              # nodes look at each other, or do not
ARCHITECTURES = ((16, 1), (16, 2), (16, 4), (32, 1), (32, 3), (48, 1), (48, 2))      # width and blocks, seen ahead
ROLES = ("embed", "short", "ask", "out", "rise", "fall")
WIDEST, PIECES, HIDDEN = 48, 512, 24
FARTHEST = 5


def role(name: str) -> str:
    """What a matrix is for, by its name; "" for vectors, which stay as they are drawn."""
    if name == "embed.weight":
        return "embed"
    if name == "short.conv.weight":
        return "short"
    for end, found in (("mixer.ask.weight", "ask"), ("mixer.out.weight", "out"), ("feed.rise.weight", "rise"),
                       ("feed.out.weight", "fall")):
        if name.endswith(end):
            return found
    return ""


LARGEST = {"embed": (PIECES, WIDEST), "short": (WIDEST, 3), "ask": (3 * WIDEST, WIDEST), "out": (WIDEST, WIDEST),
           "rise": (4 * WIDEST, WIDEST), "fall": (WIDEST, 4 * WIDEST)}


class Predictor(nn.Module):
    """Nodes in, matrices out."""

    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind
        self.role = nn.Embedding(len(ROLES), HIDDEN)
        self.place, self.degree = nn.Linear(3, HIDDEN), nn.Embedding(3, HIDDEN)
        self.near = nn.Embedding(FARTHEST + 1, 1)
        self.mixes = nn.ModuleList(nn.Linear(HIDDEN, 3 * HIDDEN) for _ in range(2))
        self.feeds = nn.ModuleList(nn.Sequential(nn.LayerNorm(HIDDEN), nn.Linear(HIDDEN, 2 * HIDDEN), nn.GELU(),
                                                 nn.Linear(2 * HIDDEN, HIDDEN)) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(HIDDEN) for _ in range(2))
        self.decode = nn.ModuleDict({name: nn.Linear(HIDDEN, math.prod(size)) for name, size in LARGEST.items()})
        for layer in self.decode.values():
            nn.init.normal_(layer.weight, std=0.05 / HIDDEN ** 0.5)
            nn.init.normal_(layer.bias, std=0.05)

    def forward(self, roles: Tensor, places: Tensor, distances: Tensor) -> Tensor:
        """(N, H) what the encoder makes of each node."""
        h = self.role(roles) + self.place(places)
        if self.kind == "graph":
            h = h + self.degree((distances == 1).sum(1).clamp(max=2))
        for mix, feed, norm in zip(self.mixes, self.feeds, self.norms, strict=True):
            if self.kind == "graph":
                q, k, v = mix(norm(h)).chunk(3, -1)
                h = h + (q @ k.T / HIDDEN ** 0.5 + self.near(distances)[..., 0]).softmax(-1) @ v
            h = h + feed(h)
        return h


def graph(net: Body) -> tuple[list[str], Tensor, Tensor, Tensor]:
    """Names of the matrices, their roles (N,), places (N, 3) and how many edges apart they are (N, N)."""
    names = [name for name, _ in net.named_parameters() if role(name)]
    roles = torch.tensor([ROLES.index(role(name)) for name in names])
    blocks = len(net.blocks)
    places = torch.tensor([[0.0 if "blocks" not in name else (int(name.split(".")[1]) + 1) / blocks,
                            blocks / 4, net.width / WIDEST] for name in names])
    apart = (torch.arange(len(names))[:, None] - torch.arange(len(names))).abs()
    return names, roles, places, apart.clamp(max=FARTHEST)


def made_of(predictor: Predictor, net: Body) -> dict[str, Tensor]:
    """The weights of a network as predicted; vectors are its own."""
    names, roles, places, apart = graph(net)
    device = predictor.role.weight.device
    nodes = predictor(roles.to(device), places.to(device), apart.to(device))
    made = {name: value.detach() for name, value in net.named_parameters() if not role(name)}
    own = dict(net.named_parameters())
    for name, node in zip(names, nodes, strict=True):
        what, size = role(name), own[name].shape
        whole = predictor.decode[what](node).view(LARGEST[what])
        made[name] = cut(whole, what, net.width).reshape(size)
    return made


def cut(whole: Tensor, what: str, width: int) -> Tensor:
    """The part of the largest matrix that a network of this width takes; wider ones repeat it.

    >>> cut(torch.ones(48, 48), "out", 12)[0, :2].tolist()
    [2.0, 2.0]
    """
    if width > WIDEST:
        times = -(-width // WIDEST)
        if what == "ask":
            whole = whole.unflatten(0, (3, -1)).repeat(1, times, times).flatten(0, 1)
        else:
            whole = whole.repeat(1 if what == "embed" else times, 1 if what == "short" else times)
        scale = 1.0 / times
    else:
        scale = (WIDEST / width) ** 0.5
    if what == "embed":
        return whole[:, :width]
    if what == "short":
        return whole[:width]
    wide = whole.shape[0] // (3 if what == "ask" else 4 if what == "rise" else 1)
    if what == "ask":
        return scale * whole.unflatten(0, (3, wide))[:, :width, :width].flatten(0, 1)
    if what == "rise":
        return scale * whole[:4 * width, :width]
    return scale * whole[:width, :(4 * width if what == "fall" else width)]


def expanded(learnt: dict[str, Tensor], depth: int) -> dict[str, Tensor]:
    """theta_l = theta_B + (l - 1) / L theta_A for l = 1 ... L; what is not of blocks is as it is.

    >>> out = expanded({"a.w": torch.tensor(4.0), "b.w": torch.tensor(1.0), "norm.w": torch.tensor(7.0)}, 2)
    >>> {name: float(value) for name, value in out.items()}
    {'norm.w': 7.0, 'blocks.0.w': 1.0, 'blocks.1.w': 3.0}
    """
    made = {name: value for name, value in learnt.items() if name[:2] not in ("a.", "b.")}
    for at in range(depth):
        for name, value in learnt.items():
            if name.startswith("b."):
                made[f"blocks.{at}.{name[2:]}"] = value + at / depth * learnt[f"a.{name[2:]}"]
    return made
