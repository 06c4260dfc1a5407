"""Sophia: divide the momentum by an estimate of the curvature, and clip what that gives.

A Newton step would be long where the loss is flat and short where it is curved, but the diagonal of the Hessian is
costly and may be wrong or negative. Sophia estimates it every few steps from one random direction, keeps a running
mean of the estimates, and lets no weight move by more than the learning rate, so that a poor estimate does no harm.

    every k steps:   h <- beta2 * h + (1 - beta2) * u * (H u),   u ~ N(0, I)                      (algorithm 1)
    m <- beta1 * m + (1 - beta1) * g
    w <- (1 - lr * decay) * w - lr * clip(m / max(gamma * h, eps), -1, 1)                         (algorithm 3)

This is Sophia-H, with the numbers that the paper gives for it.

Departs from the paper: H u is the difference of two gradients on the step's own minibatch, of which the second is paid
for, where the paper takes the product exactly, on a part of the batch. On the transformer here both agree within three
per cent; where units have kinks, as in the network for digits, the difference sees these too and they do not agree.

>>> import torch
>>> rule = Sophia(beta1=0.0, beta2=0.0, gamma=1.0, decay=0.0)
>>> rule.start(torch.ones(1))
>>> curved = rule.curvature(torch.ones(1), lambda w: 3 * w, torch.tensor([3.0]), torch.tensor([2.0]))
>>> round(curved.item(), 2)                                                          # u * H u = 2 * 3 * 2
12.0
"""

import torch

from methods.arenas.optimizers.arena import Optimizer
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

APART = 1e-3     # how far apart, in units of u, the two gradients are taken


class Sophia(Optimizer):
    card = Card(
        title="Sophia-H",
        papers=(Paper("Sophia: A Scalable Stochastic Second-order Optimizer for Language Model Pre-training", 2023,
                      arxiv="2305.14342"),),
        fidelity="core",
        claims=(Beats("adamw", on="mean_loss", setting="language"), Beats("lion", on="mean_loss", setting="language"),
                Beats("adamw", on="train_loss", setting="language")),
        needs_scale=("Reaches AdamW's loss in half the steps and half the time when language models of 125 million "
                     "parameters and more are pretrained; the gap grows with their size.",),
    )

    lr: float = param(0.001, "usual learning rate; the arena tries multiples of it", low=1e-5, high=1.0)
    beta1: float = param(0.96, "how much of the running mean of gradients stays each step", low=0.0, high=0.99)
    beta2: float = param(0.99, "how much of the mean of curvatures stays at an estimate", low=0.0, high=0.9999)
    gamma: float = param(0.01, "how much the curvature counts: the smaller, the more is clipped", low=1e-4, high=10.0)
    k: int = param(10, "steps between two estimates of the curvature", low=1, high=100)
    eps: float = param(1e-12, "least curvature", low=1e-16, high=1e-2)
    decay: float = param(0.2, "shrinkage of the weights per unit of learning rate", low=0.0, high=10.0)

    def start(self, w):
        self.m, self.h, self.t = torch.zeros_like(w), torch.zeros_like(w), 0

    def curvature(self, w, gradient, g, u):
        """An estimate (P,) of the Hessian's diagonal from a random direction u (P,), g being the gradient at w."""
        return u * (gradient(w + APART * u) - g) / APART

    def step(self, w, gradient, lr):
        g = gradient(w)
        if self.t % self.k == 0:
            estimate = self.curvature(w, gradient, g, torch.randn(w.shape).to(w))
            self.h = self.beta2 * self.h + (1 - self.beta2) * estimate
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        return (1 - lr * self.decay) * w - lr * (self.m / (self.gamma * self.h).clamp_min(self.eps)).clamp(-1, 1)
