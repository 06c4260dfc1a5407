"""ICRM: pictures seen before, without names, say which domain a picture is from.

A transformer reads pictures of one font one after another and names each from it and those before it, which come
without their names. What a font is like is thus learnt from context, at test as in training, without a gradient.

    loss = mean_t CE(h(x_t; x_1 ... x_{t-1}), y_t),   all x of one environment

Departs from the paper: an environment is a font, which has 62 pictures only; two layers of width 64 where the authors
take GPT-2 with twelve. Two fonts a step are as many pictures as others draw, and maps are normalised within a
picture. In settings without context it is asked as the first of a sequence, which it seldom was.

>>> import torch
>>> net = Reader(8, 10, 4, 3).eval()
>>> x = torch.rand(1, 3, 2, 8, 8)
>>> bool(torch.allclose(net(x)[:, :2], net(x[:, :2]), atol=1e-5))  # what comes later is not seen
True
"""

import torch.nn.functional as F

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.in_context import Reader
from methods.kit.method import Beats, Card, GainGrows, Paper

LENGTH = 32     # pictures in a sequence: the last has as many before it as the setting that gives some


class Icrm(DomainGeneralizationMethod):
    card = Card(
        title="ICRM",
        papers=(Paper("Context is Environment", 2023, arxiv="2309.09888"),),
        fidelity="core",
        claims=(Beats("erm", on="target_accuracy", setting="stream"),
                Beats("icrm-mixed", on="target_accuracy", setting="stream"),
                Beats("erm", on="worst_font", setting="stream"),
                GainGrows("erm", on="target_accuracy", to="stream")),
    )

    def net(self, task):
        return Reader(task.side, task.classes, task.trial.options.width, LENGTH)

    def backward(self, net, batch, task):
        x, y = task.sequences(LENGTH)
        loss = F.cross_entropy(net(x).flatten(0, 1), y.flatten())
        loss.backward()
        return loss

    def predict(self, net, x, context):
        return net.after(x, context)
