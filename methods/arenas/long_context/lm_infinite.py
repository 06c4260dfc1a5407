"""LM-Infinite: see the first places and the last 64, and let no distance be more than 64.

Every place attends to the first of the text and to its last 64; a first place that is further away counts as 64 away,
so that no product is of a kind not met in training. Nothing is trained.

    seen: s < n_first  or  t - 64 < s <= t;   distance = min(t - s, 64)

Departs from the paper: without its optional look at middle places in higher layers; four first places, not 10 to 100,
since a training text had 64, not 2,048.

>>> import torch
>>> seen(6, 2, 1)[5].int().tolist()                                       # the first, and the last two
[1, 0, 0, 0, 1, 1]
"""

import math

import torch

from methods.arenas.long_context.arena import LongContextMethod
from methods.arenas.long_context.stage.reading import places, turned
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def seen(length, reach, first):
    """(T, T) which places see which."""
    apart = torch.arange(length)[:, None] - torch.arange(length)
    return (apart >= 0) & ((apart < reach) | (torch.arange(length) < first))


class LmInfinite(LongContextMethod):
    card = Card(
        title="LM-Infinite",
        papers=(Paper("LM-Infinite: Simple On-the-Fly Length Generalization for Large Language Models", 2023,
                      arxiv="2308.16137"),),
        fidelity="faithful",
        claims=(Beats("vanilla", on="tail_bpb", by=0.05), Beats("window", on="tail_bpb", by=0.005),
                Beats("cut", on="tail_bpb")),
        reduces_to=("window", {"first": 0}),
        needs_scale=("texts of 32,000 pieces and more stay fluent, and passkeys are found",),
    )

    first: int = param(4, "places at the beginning that every place sees", low=0, high=32)

    def attend(self, q, k, v, scene):
        length, reach = q.shape[2], scene.trained
        open_ = seen(length, reach, self.first).to(q.device)
        scene.count(float(open_.sum()), length)
        score = turned(q, places(q), scene.base) @ turned(k, places(k), scene.base).transpose(-1, -2)
        capped = turned(q, torch.full_like(places(q), reach), scene.base) @ k.transpose(-1, -2)
        far = places(q)[:, None] - places(q) >= reach
        score = torch.where(far, capped, score) / math.sqrt(q.shape[-1])
        return score.masked_fill(~open_, -torch.inf).softmax(-1) @ v
