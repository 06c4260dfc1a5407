"""Linear adaptation: one linear layer on frozen features, learnt to name kinds with a margin.

A benchmark of instance retrieval finds that a layer learnt on kinds of many domains lifts every frozen encoder.

    loss = CE(s (cos(W f(x), w_k) - m [k = y])),   s = 16, m = 0.1,   f frozen

Departs from the paper: a benchmark, of which this is the part that trains; kinds of drawings stand for instances;
scale and margin are ours; patches are not compared again.

>>> import torch
>>> from methods.arenas.metric_learning.stage.losses import angular
>>> round(angular(torch.tensor([[0.1, 0.0]]), torch.tensor([0]), 0.0, 0.1, 16.0).item(), 4)         # both 0: log 2
0.6931
"""

import torch
from torch import nn

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import Proxies, angular
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class LinearAdaptation(MetricMethod):
    card = Card(
        title="Linear adaptation",
        papers=(Paper("ILIAS: Instance-Level Image retrieval At Scale", 2025, arxiv="2502.11748"),),
        fidelity="core",
        claims=(Beats("raw-features", on="map_r", by=0.3), Beats("pca-whitening", on="map_r")),
        needs_scale=("comparing patches again lifts the first hundreds of answers under clutter",),
    )

    rate: float = rate_factor(1.0)
    margin: float = param(0.1, "taken off the own kind's cosine", low=0.0, high=0.5)

    def head(self, task):
        return Proxies(task.kinds, task.features)

    def fit(self, task):
        net = task.foreign()
        last, self.trained_head = nn.Linear(128, task.features), self.head(task)
        device = task.train.x.device
        trained = nn.ModuleList([last, self.trained_head]).to(device)

        def step():
            x, y = task.batch()
            with torch.no_grad():
                features = net(x)
            return angular(self.trained_head(last(features)), y, 0.0, self.margin, 16.0)

        task.fit(trained, step, rate=self.rate)
        return nn.Sequential(net, last).eval()
