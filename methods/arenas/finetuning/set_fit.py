"""Contrastive few-shot tuning: pull pictures of one class together, then fit a classifier on what results.

With few labels there are still many pairs of labelled pictures. The network learns from pairs first, so that the
cosine of two features tells whether the classes agree; only then, features frozen, is the classifier trained. The
survey of tuning with little data finds such recipes ahead at the smallest label counts and full tuning ahead at the
largest, which the settings with 3, 8 and 100 labels put to the test.

    pair loss = mean over pairs of (cos(z_i, z_j) - [y_i = y_j])^2, pairs that agree and that differ weighing the same

Departs from the paper: one of the recipes it compares, outside the setting `sentences` on pictures, with the pairs of
each batch instead of pairs drawn beforehand; its own contribution is the comparison.

>>> import torch
>>> z, y = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]]), torch.tensor([1, 1, 0])
>>> pair_loss(z, y).item()           # agreeing: cosine 0, wanted 1; differing: cosines 1 and 0, wanted 0
0.75
"""

import torch
import torch.nn.functional as F

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def pair_loss(z, y):
    """Squared gap between cosine and agreement in z (N, D), y (N,): half agreeing pairs, half differing ones."""
    z, agree = F.normalize(z, dim=1), y[:, None] == y
    gap = (z @ z.T - agree.float()).square()
    kinds = agree & ~torch.eye(len(y), dtype=torch.bool, device=y.device), ~agree
    return sum(0.5 * (gap * kind).sum() / kind.sum().clamp(min=1) for kind in kinds)


class SetFit(FinetuningMethod):
    card = Card(
        title="Contrastive few-shot tuning",
        papers=(Paper("A Practical Guide to Fine-tuning Language Models with Limited Data", 2024,
                      arxiv="2411.09539"),),
        fidelity="proxy",
        claims=(Beats("full-fine-tuning", on="target_accuracy", setting="few-labels"),
                GainGrows("full-fine-tuning", on="target_accuracy", from_="many-labels", to="few-labels"),
                GainGrows("linear-probe", on="target_accuracy", from_="few-labels", to="many-labels"),
                Beats("full-fine-tuning", on="target_accuracy", setting="sentences")),
    )

    pairs: float = param(0.6, "share of the budget for learning from pairs", low=0.1, high=0.9)

    def prepare(self, net, task):
        self.contrasting = True
        task.stage(net, end=self.pairs)

    def loss(self, net, task):
        if not self.contrasting:
            return super().loss(net, task)
        batch = task.draw()
        return pair_loss(net.features(batch.x), batch.y)

    def after_step(self, net, task):
        if self.contrasting and task.enters(self.pairs):
            self.contrasting = False
            net.layers.requires_grad_(False)
            task.stage(net, rate=3.0)
