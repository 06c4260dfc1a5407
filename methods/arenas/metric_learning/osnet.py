"""OSNet: streams that see a little or a lot, and a gate that weighs them for each drawing.

Streams of one to four light 3 x 3 convolutions stand beside each other; a small network, the same for all, reads each
stream's channels and says how much of each passes.

    x~ = sum_t G(F_t(x)) F_t(x),   F_t = t light convolutions,   y = ReLU(x + W x~)
    loss = CE(softmax(W z), y) with 0.1 of the label spread over all kinds

Departs from the paper: two blocks, each of which projects x by a 1 x 1 convolution, and small drawings; inside a block
there are half the channels, not a quarter, and the gate narrows by 4, not 16; maps are pooled to 2 x 2, and the last
layer has no ReLU; training is the arena's.

>>> import torch
>>> gate = Gate(4)
>>> _ = [p.data.zero_() for p in gate.parameters()]
>>> gate(torch.ones(1, 4, 2, 2)).unique().tolist()                                     # sigmoid(0)
[0.5]
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.omni import Gate, OmniNet  # noqa: F401
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper


class Osnet(MetricMethod):
    card = Card(
        title="OSNet",
        papers=(Paper("Omni-Scale Feature Learning for Person Re-Identification", 2019, arxiv="1905.00953"),),
        fidelity="core",
        claims=(Beats("single-scale", on="r1", by=0.5),),
    )

    rate: float = rate_factor(1.0)

    def network(self, task):
        return OmniNet(task.features, task.wide, (1, 2, 3, 4), ("none", "none")).to(task.train.x.device)

    def head(self, task):
        return nn.Linear(task.features, task.kinds)

    def loss(self, z, y, task):
        return F.cross_entropy(self.trained_head(z), y, label_smoothing=0.1)
