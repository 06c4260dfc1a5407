"""Constant KD: UNO and distillation of what was known, every picture of the heap alike.

    loss = UNO's + alpha T^2 mean_x CE(softmax(f_old / T), softmax(f_known / T))

Class-relation distillation without its weights: what the weights are worth is the difference.

>>> import torch
>>> f = torch.zeros(1, 3)
>>> round(kept(f, f, 2, 1.0).item(), 4)
0.6931
"""

import copy

from methods.arenas.novel_classes.arena import NovelClassesMethod
from methods.arenas.novel_classes.stage.nets import TAU
from methods.arenas.novel_classes.stage.swapped import said, swapped
from methods.kit.method import Card
from methods.kit.params import param


def kept(old, new, known, temperature):
    share = (old[:, :known] / temperature).softmax(1)
    return -(share * (new[:, :known] / temperature).log_softmax(1)).sum(1).mean() * temperature**2


class ConstantKd(NovelClassesMethod):
    card = Card(title="Distillation with equal weights", reduces_to=("uno", {"alpha": 0.0}))

    alpha: float = param(0.1, "weight of the distillation", low=0.0, high=10.0)
    temperature: float = param(4.0, "of both softmaxes", low=0.1, high=20.0)

    def loss(self, net, batch, task):
        if task.progress == 0:
            self.old = copy.deepcopy(net).eval().requires_grad_(False)
        now, before, many = said(net, batch), said(self.old, batch), len(batch.y)
        drawn = sum(kept(before[view, many:] / TAU, now[view, many:] / TAU, task.known, self.temperature)
                    for view in (0, 1)) / 2
        return swapped(now, batch, task) + self.alpha * drawn
