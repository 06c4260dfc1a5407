"""AMSGrad: never let the scale that divides the step shrink again.

Adam forgets rare large gradients: soon after one the running mean of squares is small again and small, misleading
gradients make large steps, so that Adam may fail to converge even on a convex loss. AMSGrad divides by the largest
running mean of squares met so far, so that what a weight's momentum is multiplied by never grows.

    m <- beta1 * m + (1 - beta1) * g
    v <- beta2 * v + (1 - beta2) * g^2,   u <- max(u, v)
    w <- w - lr * m / (sqrt(u) + eps)                                                             (algorithm 2)

There is no correction for the start, and most libraries add one.

Departs from the paper: eps is added, as everybody does, and w is bounded by no set onto which it would be projected.

>>> import torch
>>> rule = Amsgrad(beta1=0.0, beta2=0.0)
>>> rule.start(torch.zeros(1))
>>> w = rule.step(torch.zeros(1), gradient=lambda w: torch.tensor([4.0]), lr=0.1)         # 0.1 * 4 / 4
>>> rule.step(w, gradient=lambda w: torch.tensor([1.0]), lr=0.1)                          # and 0.1 * 1 / 4
tensor([-0.1250])
"""

import torch

from methods.arenas.optimizers.arena import Optimizer
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Amsgrad(Optimizer):
    card = Card(
        title="AMSGrad",
        papers=(Paper("On the Convergence of Adam and Beyond", 2018, arxiv="1904.09237"),),
        fidelity="faithful",
        claims=(Beats("adam", on="test_accuracy"), Beats("adam", on="train_loss"),
                Beats("adam", on="train_loss", setting="sparse")),
    )

    lr: float = param(0.001, "usual learning rate; the arena tries multiples of it", low=1e-5, high=1.0)
    beta1: float = param(0.9, "how much of the running mean of gradients stays each step", low=0.0, high=0.99)
    beta2: float = param(0.999, "how much of the running mean of squares stays each step", low=0.0, high=0.9999)
    eps: float = param(1e-8, "added to the root, so that a zero gradient makes no step", low=1e-12, high=1.0)

    def start(self, w):
        self.m, self.v, self.largest = (torch.zeros_like(w) for _ in range(3))

    def step(self, w, gradient, lr):
        g = gradient(w)
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        self.largest = torch.maximum(self.largest, self.v)
        return w - lr * self.m / (self.largest.sqrt() + self.eps)
