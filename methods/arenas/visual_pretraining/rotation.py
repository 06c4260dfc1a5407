"""Rotation: name by how many quarter turns a picture was turned.

To tell which way up a thing is, one has to know the thing. Each picture is shown once, turned by none, one, two or
three quarters, as likely each. It stands here for the simple pretext tasks in the survey's families of self-supervision
(pretext tasks, contrast, self-distillation, masked modelling), whose comparison is the table of this arena.

    loss = CE(softmax(W f(turned by k)), k),   k in {0, 1, 2, 3}

Departs from the paper: a survey proposes no method; this is its simplest family's best known task. RotNet shows all
four turns of a picture in a batch, here one of them, as the budget counts pictures.

>>> import torch
>>> quarter_turned(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), torch.tensor([1])).flatten().tolist()
[2.0, 4.0, 1.0, 3.0]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper


def quarter_turned(x, turns):
    """Pictures (N, 1, H, W) turned to the left by `turns` (N,) quarters."""
    out = x.clone()
    for k in (1, 2, 3):
        out[turns == k] = torch.rot90(x[turns == k], k, (2, 3))
    return out


class Rotation(VisualPretrainingMethod):
    card = Card(
        title="Rotation",
        papers=(Paper("A Survey of the Self Supervised Learning Mechanisms for Vision Transformers", 2024,
                      arxiv="2408.17059", covers="its family of simple pretext tasks, in a table of all families"),
                Paper("Unsupervised Representation Learning by Predicting Image Rotations", 2018,
                      arxiv="1803.07728", covers="the task")),
        fidelity="proxy",
        claims=(Beats("scratch", on="linear"), Beats("scratch", on="finetuned")),
    )

    rate: float = rate_factor(0.3)

    def network(self, task):
        encoder = task.encoder()
        return task.parts(encoder, last=nn.Linear(encoder.width, 4))

    def loss(self, net, x, task):
        turns = torch.randint(0, 4, (len(x),), generator=task.generator).to(x.device)
        return F.cross_entropy(net.last(net.encoder(quarter_turned(x, turns))), turns)
