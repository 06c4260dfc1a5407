"""Specialists with an oracle: a network for each domain, and somebody who knows which to ask.

A challenge of universal embeddings sets one network for all domains against this: each specialist has the full training
on the kinds of its domain, and an oracle sends every drawing to its own.

    z(x) = f_d(x)(x),   d(x) the domain that the oracle tells

Departs from the paper: a benchmark, of which this is the upper end; domains are three looks of drawings; the training
is a softmax over cosines as in its baseline, at three times the cost of one network.

>>> import torch
>>> sent(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([0, 1, 0]), [lambda x: x, lambda x: 10 * x]).tolist()
[[1.0], [20.0], [3.0]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import Proxies
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper


def sent(x, domain, nets):
    """What the network of each one's domain (N,) makes of it."""
    out = [net(x[domain == i]) for i, net in enumerate(nets)]
    result = out[0].new_zeros(len(x), out[0].shape[1])
    for i, part in enumerate(out):
        result[domain == i] = part
    return result


class SpecialistsOracle(MetricMethod):
    card = Card(
        title="Specialists with an oracle",
        papers=(Paper("Towards Universal Image Embeddings: A Large-Scale Dataset and Challenge for Generic Image "
                      "Representations", 2023, arxiv="2309.01858"),),
        fidelity="proxy",
        claims=(Beats("norm-softmax", on="r1", setting="domains"),),
    )

    rate: float = rate_factor(3.0)

    def fit(self, task):
        nets, all_labels = [], task.labels
        for domain in range(int(task.domain.max()) + 1):
            task.relabel(torch.where(task.domain == domain, all_labels, -1))
            net, proxies = task.network(), Proxies(task.kinds, task.features).to(task.train.x.device)

            def step(net=net, proxies=proxies):
                x, y = task.batch()
                return F.cross_entropy(proxies(net(x)) / 0.05, y)

            task.fit(nn.ModuleList([net, proxies]), step, rate=self.rate)
            nets.append(task.settle(net))
        return nn.ModuleList(nets)

    def embed(self, net, x):
        return net[0](x)

    def embed_asked(self, net, x, domain):
        return sent(x, domain, net)
