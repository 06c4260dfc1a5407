"""SimGCD: one classifier of known and novel kinds, which the other view's sharpened answer teaches.

    cluster  = CE(softmax(f(view 1) / tau_t), softmax(f(view 2) / 0.1)) both ways - spread * H(mean answer)
    contrast = InfoNCE of views at temperature 1;   with names: CE, and supervised contrast at 0.07
    loss     = 0.65 (cluster + contrast) + 0.35 (CE + supervised contrast)

tau_t falls from 0.07 to 0.04. The entropy of the mean answer keeps kinds from dying out.

Departs from the paper: a small network that learns the names alone for half of the steps, where the paper begins with
one that has learnt without names from many photographs; the classifier of novel kinds has a hidden layer as in the
other methods, and AdamW; the weights and temperatures are the paper's.

>>> import torch
>>> f = torch.tensor([[9.0, 0.0], [0.0, 9.0]])                        # sure, right and of all kinds: minus the entropy
>>> round(classification(f, f, torch.tensor([0]), 1.0, 2.0).item() / 0.65, 4)
-1.3863
"""

import torch

from methods.arenas.novel_classes.arena import NovelClassesMethod
from methods.arenas.novel_classes.stage.parametric import classification, projector, whole
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

__all__ = ["SimGcd", "classification"]


class SimGcd(NovelClassesMethod):
    card = Card(
        title="SimGCD",
        papers=(Paper("Parametric Classification for Generalized Category Discovery: A Baseline Study", 2022,
                      arxiv="2211.11727"),),
        fidelity="core",
        claims=(Beats("kmeans-supervised", on="accuracy", setting="generalized"),),
    )

    spread: float = param(2.0, "weight of the entropy of the mean answer", low=0.0, high=10.0)

    def fit(self, task):
        net = task.pretrain(task.network(), self.named_first)
        head = projector(net.width).to(task.x.device)

        def loss(batch):
            return whole(net, head, torch.cat([batch.x, batch.u]), torch.cat([batch.x2, batch.u2]), batch.y, task,
                         self.spread)

        return task.train(net, loss, 1 - self.named_first, [*net.parameters(), *head.parameters()])
