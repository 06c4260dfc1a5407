"""Adan: Nesterov's look ahead from the change of the gradient, with Adam's scale.

Nesterov's method takes the gradient at a point ahead. The change from the last gradient to this one says the same
without a second gradient: added to the running mean it looks ahead, and the scale of each weight is taken of the
gradient so corrected.

    m <- b1 * m + (1 - b1) * g,   v <- b2 * v + (1 - b2) * (g - g_last)
    n <- b3 * n + (1 - b3) * (g + b2 * (g - g_last))^2
    w <- (w - lr * (m + b2 * v) / (sqrt(n) + eps)) / (1 + lr * decay)                             (algorithm 1)

m, v and n are divided by the weight they have gathered so far, as in the authors' code. b1, b2, b3 are what stays of
each mean; the paper writes one minus them.

Departs from the paper: there is no restart.

>>> import torch
>>> rule = Adan(b1=0.0, b2=0.5, b3=0.0, decay=0.0)
>>> rule.start(torch.zeros(1))
>>> w = rule.step(torch.zeros(1), gradient=lambda w: torch.tensor([4.0]), lr=0.1)         # 0.1 * 4 / 4
>>> rule.step(w, gradient=lambda w: torch.tensor([2.0]), lr=0.1)           # 0.1 * (2 - 0.5 * 1 / 0.75) / (2 - 1)
tensor([-0.2333])
"""

import torch

from methods.arenas.optimizers.arena import Optimizer
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Adan(Optimizer):
    card = Card(
        title="Adan",
        papers=(Paper("Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep Models", 2022,
                      arxiv="2208.06677"),),
        fidelity="faithful",
        claims=(Beats("adamw", on="mean_loss"), Beats("adamw", on="test_accuracy"),
                Beats("adamw", on="mean_loss", setting="language"), Beats("adam", on="mean_loss", setting="language"),
                Beats("nadam", on="test_accuracy")),
    )

    lr: float = param(0.001, "usual learning rate; the arena tries multiples of it", low=1e-5, high=1.0)
    b1: float = param(0.98, "how much of the running mean of gradients stays each step", low=0.0, high=0.999)
    b2: float = param(0.92, "how much of the running mean of their changes stays each step", low=0.0, high=0.999)
    b3: float = param(0.99, "how much of the running mean of squares stays each step", low=0.0, high=0.9999)
    eps: float = param(1e-8, "added to the root, so that a zero gradient makes no step", low=1e-12, high=1.0)
    decay: float = param(0.02, "shrinkage of the weights per unit of learning rate", low=0.0, high=10.0)

    def start(self, w):
        self.m, self.v, self.n = (torch.zeros_like(w) for _ in range(3))
        self.last, self.t = None, 0

    def step(self, w, gradient, lr):
        g = gradient(w)
        self.t += 1
        change = torch.zeros_like(g) if self.last is None else g - self.last
        self.last = g
        self.m = self.b1 * self.m + (1 - self.b1) * g
        self.v = self.b2 * self.v + (1 - self.b2) * change
        self.n = self.b3 * self.n + (1 - self.b3) * (g + self.b2 * change)**2
        m, v, n = (mean / (1 - kept**self.t)
                   for mean, kept in ((self.m, self.b1), (self.v, self.b2), (self.n, self.b3)))
        return (w - lr * (m + self.b2 * v) / (n.sqrt() + self.eps)) / (1 + lr * self.decay)
