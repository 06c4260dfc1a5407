"""Parallel ablation: the pairs that an earlier pair helps most to guess get any class, before training.

    d(a, b) = L_b(w) - L_b(w - step dL_a/dw), a before b; of the quarter with the largest max_a d(a, b) classes are lost

What the paper finds: without such pairs a network learns far less from its context. Its measure is here that random
ablation keeps more (see there).

Departs from the paper: the text is invented sequences, not language; the model that detects is linear, so that steps on
all pairs have a closed form; the network is trained from random weights on the spoilt text.

>>> ParallelAblation().values()
{'share': 0.25}
"""

import torch

from methods.arenas.in_context_learning.stage.corpus import Corpus, linear_model, parallel
from methods.kit.method import Card, Paper
from methods.kit.params import param


class ParallelAblation(Corpus):
    card = Card(
        title="Parallel ablation",
        papers=(Paper("Parallel Structures in Pre-training Data Yield In-Context Learning", 2024, arxiv="2402.12530",
                      covers="detected pairs are spoilt"),),
        fidelity="proxy",
    )

    share: float = param(0.25, "share of the pairs that are spoilt", low=0.0, high=0.9)

    def spoilt(self, x, y, lots):
        weight = linear_model(x, y)
        found = torch.cat([parallel(*part, weight) for part in zip(x.split(100), y.split(100), strict=True)])
        many = round(self.share * found.numel())
        wrong = torch.zeros(found.numel(), dtype=torch.bool, device=x.device)
        wrong[found.flatten().topk(many).indices] = True
        return wrong.view_as(found)
