"""L2-SP: hold all weights near the start.

    L = mean -log p(x_i | x_<i) + (lam / 2) ||theta - theta_0||^2

Departs from the paper: a language model with all its weights, no new head; the arena's decay of matrices to nought goes
on beside the pull, which in the paper takes its place. lam was chosen from 0.01, 0.1 and 1 on seeds that are never
scored.

>>> 0.1 / 2 * (3.0 - 1.0) ** 2
0.2
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.anchors import copied, pull
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class L2Sp(ContinualPretrainingMethod):
    card = Card(
        title="L2-SP",
        papers=(Paper("Explicit Inductive Bias for Transfer Learning with Convolutional Networks", 2018,
                      arxiv="1802.01483"),),
        fidelity="core",
        claims=(Beats("naive", on="mean_bpb"),),
    )

    lam: float = param(0.1, "weight of the distance from the start", low=0.0, high=10.0)

    def prepare(self, net, task):
        self.anchor = copied(net) if not task.stage else self.anchor
        return net

    def loss(self, net, batch, task):
        return super().loss(net, batch, task) + self.lam * pull(net, self.anchor)
