"""EWC: hold each weight near where it was, the more it mattered to what was read before.

    F_j = mean over windows of (d log p(x) / d theta_j)^2,   F <- gamma F + F_new, theta* <- theta after every text
    L = mean -log p(x_i | x_<i) + (lam / 2) sum_j F_j (theta_j - theta*_j)^2

F is taken from 64 windows of the text read last (old text at the start), one at a time. Several texts share one penalty
(online EWC), gamma = 0.9.

Departs from the paper: language modelling; one running penalty, its gamma ours; the observed next pieces take the place
of drawn ones in F; the arena's decay of matrices to nought goes on beside the penalty. lam was chosen from 0.01, 0.1
and 1 on seeds that are never scored.

>>> 2.0 / 2 * (0.5 * (3 - 1) ** 2)                       # one weight moved by two, F = 1/2, lam = 2
2.0
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.anchors import copied, fisher, pull, remembered
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

GAMMA = 0.9     # of the importance is kept at each new text


class Ewc(ContinualPretrainingMethod):
    card = Card(
        title="EWC",
        papers=(Paper("Overcoming catastrophic forgetting in neural networks", 2016, arxiv="1612.00796"),),
        fidelity="core",
        claims=(Beats("naive", on="mean_bpb"), Beats("l2-sp", on="mean_bpb"),
                Beats("naive", on="mean_bpb", setting="stream")),
    )
    rate_factor = 3.0

    lam: float = param(0.1, "weight of the penalty", low=0.0, high=10.0)

    def prepare(self, net, task):
        found = fisher(net, remembered(task, 4 * task.size))
        self.importance = {name: value + (GAMMA * self.importance[name] if task.stage else 0)
                           for name, value in found.items()}
        self.anchor = copied(net)
        return net

    def loss(self, net, batch, task):
        return super().loss(net, batch, task) + self.lam * pull(net, self.anchor, self.importance)
