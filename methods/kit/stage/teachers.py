"""Networks to learn from: trained once on pictures that no student sees, and kept with what they say of all others.

Of Fashion-MNIST 20,000 pictures, always the same, are the teachers', and 30,000 others are for students, validation
and tests. Every kind of teacher is trained in five worlds, the slow kinds in two (first weights, batches and, where few
labels are wanted, their draw); a run at seed s learns from world s mod 5 or 2, so runs of several seeds share a
teacher. What is kept goes by a digest of the code of this file and of `student_nets.py`.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit import student_nets
from methods.kit.engine.archives import decoded, reads
from methods.kit.stage.data import FASHION_MNIST, QUICKDRAW, digits, fashion_mnist
from methods.kit.stage.drawing_features import trained as trained_on_doodles
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.student_nets import CLASSES, PATCHES, Block, ConvNet, PatchNet, turned

WORLDS, SLOW = 5, {"mae": 2, "vit": 2, "simclr": 2, "autoencoder": 2}
OWN, OTHERS = 20_000, 30_000    # pictures of the teachers, of the students
BATCH, RATE = 64, 2e-3
STEPS = {"strong": 400, "weak": 200, "start": 400, "peer": 300, "simclr": 300, "autoencoder": 400, "mae": 500,
         "vit": 700}
FEW = 100               # labels of the weak teacher
TOLD = ("plain", "turned")


@dataclass(frozen=True)
class Kept:
    """A trained network, and its logits (N, C) and features (N, D) of the students' pictures."""

    net: nn.Module
    logits: np.ndarray
    features: np.ndarray


@cache
def pictures(small: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the teachers' and of the students' pictures, then all pictures and labels."""
    images, labels = digits() if small else fashion_mnist()
    order = np.random.default_rng(0).permutation(len(labels))
    own = len(labels) // 3 if small else OWN
    return order[:own], np.sort(order[own:own + OTHERS]), images, np.asarray(labels)


def as_tensor(images: np.ndarray, rows: np.ndarray, small: bool) -> Tensor:
    """(N, 1, H, W) in 0..1."""
    return torch.from_numpy(np.array(images[rows], np.float32))[:, None] / (1 if small else 255)


def blank(kind: str, side: int) -> nn.Module:
    """The network of a kind of teacher, or "doodles", before training."""
    if kind in ("mae", "vit"):
        return PatchNet(side)
    width, features = {"weak": (4, 32), "start": (8, 32), "peer": (4, 32), "doodles": (16, 128), "simclr": (16, 64),
                       "autoencoder": (16, 64)}.get(kind, (24, 64))
    return ConvNet(side, width if side > 8 or kind == "doodles" else min(width, 8), features)


@reads(FASHION_MNIST, QUICKDRAW)
def kept(kind: str, seed: int, small: bool, look: str = "plain", on_progress=None) -> Kept:
    """The teacher of a kind for a run at this seed; `look` "turned" for what it says of turned pictures."""
    world = seed % SLOW.get(kind, WORLDS)
    if small:
        return _small(kind, world, look)
    return _opened(decoded(f"teacher-{kind}-{world}-{look}", digest(), (FASHION_MNIST,),
                           lambda *_: _made(kind, world, False, look, on_progress), on_progress), kind, 28)


@cache
def _small(kind: str, world: int, look: str) -> Kept:
    return _opened(_made(kind, world, True, look), kind, 8)


@cache
def doodles(small: bool, on_progress=None) -> dict[str, np.ndarray]:
    """Weights of a `ConvNet` that has learnt to name doodles; with `small`, of one that has learnt nothing."""
    if small:
        with seeded(0, torch.device("cpu")):
            return _weights(blank("doodles", 8))

    def learn(*_) -> dict[str, np.ndarray]:
        body = list(trained_on_doodles(on_progress).body.state_dict().values())
        with seeded(0, torch.device("cpu")):
            net = blank("doodles", 28)
        return {name: (body[i] if i < len(body) else value).numpy() for i, (name, value) in
                enumerate(net.state_dict().items())}

    return {name: np.array(value) for name, value in decoded("doodle-net", 1, (QUICKDRAW,), learn, on_progress).items()}


def load(net: nn.Module, weights: dict[str, np.ndarray]) -> nn.Module:
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return net


@cache
def digest() -> int:
    parsed = [ast.parse(inspect.getsource(module)) for module in (student_nets, sys.modules[__name__])]
    for node in (node for tree in parsed for node in ast.walk(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return int.from_bytes(hashlib.sha256("".join(map(ast.dump, parsed)).encode()).digest()[:4], "big")


def _weights(net: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy().copy() for name, value in net.state_dict().items()}


def _opened(arrays: dict[str, np.ndarray], kind: str, side: int) -> Kept:
    said = {"logits", "features"}
    with seeded(0, torch.device("cpu")):
        net = blank(kind, side)
    load(net, {name: value for name, value in arrays.items() if name not in said})
    return Kept(net.eval().requires_grad_(False), arrays["logits"], arrays["features"])


def _made(kind: str, world: int, small: bool, look: str, on_progress=None) -> dict[str, np.ndarray]:
    """Weights and words of a teacher; one thread, one seed, so always the same."""
    own, others, images, labels = pictures(small)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad(), seeded(world, torch.device("cpu")):
            side = images.shape[1]
            if look == "plain":
                net = blank(kind, side)
                if kind == "vit":
                    net.load_state_dict(kept("mae", world, small, "plain", on_progress).net.state_dict())
                drawn = torch_generator(world, f"teacher {kind}")
                _train(net, kind, as_tensor(images, own, small), torch.from_numpy(labels[own]), drawn,
                       STEPS[kind] // (20 if small else 1), on_progress)
            else:
                net = kept(kind, world, small, "plain", on_progress).net
            net.eval()
            parts = []
            with torch.no_grad():
                for rows in np.array_split(others, max(1, len(others) // 1000)):
                    x = as_tensor(images, rows, small)
                    parts.append(net(turned(x) if look == "turned" else x))
    finally:
        torch.set_num_threads(threads)
    return _weights(net) | {"logits": torch.cat([part.logits for part in parts]).numpy(),
                            "features": torch.cat([part.features for part in parts]).half().numpy()}


def _train(net: nn.Module, kind: str, x: Tensor, y: Tensor, drawn: torch.Generator, steps: int, on_progress) -> None:
    net.train()
    if kind == "weak":
        few = torch.randperm(len(y), generator=drawn)[:FEW]
        x, y = x[few], y[few]
    loss, extra = _objective(net, kind, x.shape[-1], drawn)
    optimizer = torch.optim.AdamW([*net.parameters(), *extra.parameters()], RATE, weight_decay=0.01)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = RATE * min(1, (step + 1) / (0.1 * steps)) * 0.5 * (
            1 + math.cos(math.pi * step / steps))
        rows = torch.randint(len(y), (BATCH,), generator=drawn)
        value = loss(x[rows], y[rows])
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        optimizer.step()
        if on_progress and step % 20 == 0:
            on_progress(step / steps, f"training the teacher {kind}")


def _objective(net, kind: str, side: int,
               drawn: torch.Generator) -> tuple[Callable[[Tensor, Tensor], Tensor], nn.Module]:
    """The loss of a batch, and what is trained beside the network and thrown away."""
    extra: nn.Module
    if kind == "simclr":
        extra = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32))
        return lambda x, y: _contrast(*(F.normalize(extra(net(_view(x, drawn)).features), dim=1)  # type: ignore[arg-type]  # two
                                        for _ in (0, 1))), extra
    if kind == "autoencoder":
        extra = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, side * side))
        return lambda x, y: F.mse_loss(extra(net(x).features), x.flatten(1)), extra
    if kind == "mae":
        extra = Hidden(net)
        return lambda x, y: extra(net, x, drawn), extra
    return lambda x, y: F.cross_entropy(net(x).logits, y), nn.Module()


def _view(x: Tensor, drawn: torch.Generator) -> Tensor:
    """Each picture turned by up to half a radian, zoomed and shifted."""
    n = len(x)
    angle, zoom = torch.rand(n, generator=drawn) - 0.5, 0.8 + 0.4 * torch.rand(n, generator=drawn)
    shift = 0.4 * (torch.rand(n, 2, generator=drawn) - 0.5)
    cos, sin = zoom * angle.cos(), zoom * angle.sin()
    theta = torch.stack([torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)
    return F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), align_corners=False)


def _contrast(a: Tensor, b: Tensor, temperature: float = 0.2) -> Tensor:
    z = torch.cat([a, b])
    similar = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    return F.cross_entropy(similar, torch.arange(len(z)).roll(len(a)))


class Hidden(nn.Module):
    """MAE's other half: of 16 patches 12 are hidden, and one block draws them from what the encoder made of four."""

    def __init__(self, net: PatchNet, width: int = 64, shown: int = 4):
        super().__init__()
        self.shown, self.mask = shown, nn.Parameter(torch.zeros(width))
        self.place = nn.Parameter(0.02 * torch.randn(PATCHES, width))
        self.block, self.out = Block(width, 4), nn.Sequential(nn.LayerNorm(width), nn.Linear(width, net.dots))

    def forward(self, net: PatchNet, x: Tensor, drawn: torch.Generator) -> Tensor:
        patches = net.patches(x)
        order = torch.rand(patches.shape[:2], generator=drawn).argsort(1)
        at = order[:, :self.shown, None].expand(-1, -1, net.place.shape[1])
        seen = net.encode((net.embed(patches) + net.place).gather(1, at))[0]
        full = self.mask.expand(len(x), PATCHES, -1).scatter(1, at, seen) + self.place
        drawn_back = self.out(self.block(full)[0])
        wanted = (patches - patches.mean(2, keepdim=True)) / (patches.var(2, keepdim=True) + 1e-2).sqrt()
        hidden = torch.ones(patches.shape[:2]).scatter(1, order[:, :self.shown], 0.0)
        return ((drawn_back - wanted).square().mean(2) * hidden).sum() / hidden.sum()


__all__ = ["CLASSES", "TOLD", "WORLDS", "Kept", "as_tensor", "blank", "doodles", "kept", "load", "pictures"]
