"""UMBC: read a set into slots by sums alone, so that it may come in any pieces, then let the slots attend.

Attention over a set needs all of it at once. Here learnt slots ask the points: how strongly slot k takes
point i depends on that point alone, so the weighted sum and its normaliser can be added up piece by piece, and
the result does not know how the set was cut. What follows works on the slots, of which there are few, and may
be anything; here it is the transformer. For training, a part of the points is enough for the gradient:
the others are passed without one, and that of the part is scaled up, which leaves its mean as it was.

    a_ki = sigma(q_k . k_i / sqrt(d)) / sum_j sigma(q_j . k_i / sqrt(d)),    q = LN(S) W_q
    s_k = LN(q_k + (sum_i a_ki v_i) / (sum_i a_ki))
    gradient: T / m * (that of the first m of T places in the sums)

Images and text windows are no sets, and there it is layer-norm.

Departs from the paper: the slots are fixed, not drawn; sets of some thirty points instead of thousands; T and m count
the places of a batch, filled up to its largest set, where the paper counts a set's own points: the gradient of a set
of n points comes out T / n times as large, or T / m times where n is below m.

>>> total = torch.tensor([3.0], requires_grad=True)
>>> amplified(total, 2.0).backward(); total.grad.tolist(), amplified(total, 2.0).item()
([2.0], 3.0)
"""

import torch
from torch import nn

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Beats, Card, Paper, Withstands
from methods.kit.params import param


class Umbc(ComponentsMethod):
    card = Card(
        title="Universally mini-batch consistent set encoder (UMBC)",
        papers=(Paper("Scalable Set Encoding with Universal Mini-Batch Consistency and Unbiased Full Set Gradient "
                      "Approximation", 2022, "2208.12401"),),
        fidelity="core",
        claims=(Beats("deep-sets", on="test_loss", setting="streamed-sets"),
                Beats("layer-norm", on="test_loss", setting="streamed-sets"),
                Withstands("layer-norm", on="accuracy", from_="sets", to="streamed-sets")),
        waivers={name: "there are no sets in the default setting" for name in ("knob:slots", "knob:part")},
    )

    slots: int = param(16, "number of slots that a set is read into", low=1, high=64)
    part: float = param(0.5, "share of a set's points through which the gradient flows", low=0.1, high=1.0)

    def norm(self, channels, site):
        return nets.LayerNorm(channels)

    def prepare(self, model):
        if isinstance(model, nets.SetNetwork):
            model.stem = SlotStem(model.stem, model.head.in_features, self.slots, self.part, model.piece)
            model.piece = 0         # the stem takes the pieces
            model.use(model.layout)


class SlotStem(nn.Module):
    """Sets (N, T, 3) -> rows of `slots` per set."""

    def __init__(self, points: nets.SetStem, channels: int, slots: int, part: float, piece: int, heads: int = 4):
        super().__init__()
        self.points, self.part, self.piece, self.heads = points, part, piece, heads
        self.slots = nn.Parameter(torch.empty(slots, channels))
        nn.init.xavier_uniform_(self.slots)
        self.before, self.after = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.query, self.key, self.value = (nn.Linear(channels, channels) for _ in range(3))

    def sums(self, x, query):
        """Of a batch of pieces: sum_i a_i v_i (N, heads, slots, D), and sum_i a_i (N, heads, slots, 1)."""
        tokens, there = self.points.tokens(x)
        k, v = (map_(tokens).unflatten(2, (self.heads, -1)).transpose(1, 2) for map_ in (self.key, self.value))
        a = torch.sigmoid(query @ k.transpose(2, 3) / k.shape[3]**0.5)                   # (N, heads, slots, T)
        a = a / a.sum(2, keepdim=True) * there[:, None, None]
        return a @ v, a.sum(3, keepdim=True)

    def forward(self, x):
        query = self.query(self.before(self.slots))                                      # (slots, C)
        asked = query.unflatten(1, (self.heads, -1)).transpose(0, 1)                     # (heads, slots, D)
        if self.training and self.part < 1:
            kept = max(1, round(self.part * x.shape[1]))                # the points come in random order
            with torch.no_grad():
                rest = self.sums(x[:, kept:], asked) if kept < x.shape[1] else (0.0, 0.0)
            pieces = [[amplified(each, x.shape[1] / kept) for each in self.sums(x[:, :kept], asked)], rest]
        else:
            pieces = [self.sums(piece, asked) for piece in x.split(self.piece or x.shape[1], 1)]
        total, weight = (sum(each) for each in zip(*pieces, strict=True))
        read = (total / weight.clamp(min=1e-20)).transpose(1, 2).flatten(2)              # (N, slots, C)
        slots = self.after(query + read)
        return self.layout.arrange(slots, torch.ones(slots.shape[:2], dtype=torch.bool, device=x.device))


def amplified(value, factor: float):
    """`value`, whose gradient is `factor` times as large."""
    return factor * value - ((factor - 1) * value).detach()
