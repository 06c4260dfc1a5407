"""Vega v1: replaced-token detection, and likeness of one text read twice with other dropout.

    L = L_MLM(G) + 50 RTD + InfoNCE(mean states of two readings with dropout 0.1)

A step costs 2.2 plain ones.

Departs from the paper: the two parts of the loss at once, where the paper has them one after another; plain attention;
dropout only on what the first block reads. The paper's tricks of fine-tuning are left out. Detection hardly learns.

>>> import torch
>>> round(float(contrast(torch.eye(2), torch.eye(2), 1.0)), 4)
0.3133
"""

import torch

from methods.arenas.encoder_pretraining.stage.replaced import Replaced, contrast
from methods.kit.method import Card, Paper
from methods.kit.params import param


class VegaV1(Replaced):
    card = Card(
        title="Vega v1",
        papers=(Paper("Bag of Tricks for Effective Language Model Pretraining and Downstream Adaptation: A Case Study "
                      "on GLUE", 2023, arxiv="2302.09268"),),
        fidelity="core",
        needs_scale=("Detection and likeness of sentences together raise the mean score of understanding tasks.",),
    )
    cost = 2.2

    tau: float = param(0.05, "temperature of likeness", low=0.02, high=1.0)

    def loss(self, net, task):
        made = self.corrupt(net, task, task.draw())
        one, two = (net.through(self.dropped(net.enter(made.ids), task))[-1] for _ in range(2))
        return (made.loss + 50 * self.detection(net, task, one, made.changed)
                + contrast(one.mean(1), two.mean(1), self.tau))

    def dropped(self, x, task):
        return torch.where(task.lots(*x.shape) < 0.1, 0.0, x / 0.9)
