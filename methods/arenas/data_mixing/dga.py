"""DGA: sources whose gradient points where the target's does are read more.

    a_s = <grad l_s, grad l_target>;   alpha_s <- alpha_s exp(eta a_s) / Z;   w <- (1 - b) w + b alpha
    eta such that the largest |a_s| of the first round has eta |a_s| = `strength`

Every ten batches: 4 passages a source, 16 of what is known of the target.

Departs from the paper: sources for clusters; eta goes by the first round's gradients; plain gradients, not AdamW's
directions.

>>> import math
>>> a = [math.exp(x) for x in (1.0, 0.0)]
>>> [round(x / sum(a), 3) for x in a]
[0.731, 0.269]
"""

import torch

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Dga(DataMixingMethod):
    card = Card(
        title="DGA",
        papers=(Paper("Dynamic Gradient Alignment for Online Data Mixing", 2024, arxiv="2410.02498"),),
        fidelity="core",
        claims=(Beats("uniform-sources", on="target_bpb", by=0.02),
                Beats("cluster-importance", on="target_bpb", by=0.02)),
    )

    strength: float = param(1.0, "of the first round's largest step", low=0.0, high=5.0)
    b: float = param(0.5, "weight of the new in the running mean", low=0.1, high=1.0)

    def prepare(self, task):
        self.alpha, self.weights, self.eta = task.even, task.even, None

    def mixture(self, task):
        target = task.gradient(task.draw(-1, task.size))
        a = torch.stack([task.gradient(task.draw(s, 4)) @ target for s in range(task.many)])
        if self.eta is None:
            self.eta = self.strength / float(a.abs().max().clamp(min=1e-9))
        self.alpha = (self.alpha.log() + self.eta * a).softmax(0).clamp(min=1e-6)
        self.weights = (1 - self.b) * self.weights + self.b * self.alpha
        return self.weights
