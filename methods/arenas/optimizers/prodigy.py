"""Prodigy: D-Adaptation that gives later, better estimates of the distance more weight.

Early gradients were met with a learning rate that was far too small and say little
about the distance to the solution. Weighting every gradient by the square of the
estimate at its time lets the estimate grow faster, and comparing with how far the
weights have really moved keeps it from falling behind.

    m <- beta1 * m + (1 - beta1) * d * g
    v <- beta2 * v + (1 - beta2) * d^2 * g^2
    r <- b * r + (1 - b) * lr * d^2 * <g, w0 - w>,     b = sqrt(beta2)
    s <- b * s + (1 - b) * lr * d^2 * g
    w <- w - lr * d * m / (sqrt(v) + d * eps)
    d <- max(d, r / ||s||_1)                                  (the Adam variant)

Departs from the paper: with `safeguard`, an option of the authors' code that they advise where the learning rate warms
up, as it does in this arena, s leaves out lr, so that the first, small rates cannot drive the estimate up.

>>> import torch
>>> rule = Prodigy(d0=0.1, beta1=0.0, beta2=0.0)
>>> rule.start(torch.zeros(1))
>>> w = torch.zeros(1)
>>> for _ in range(3):                                    # moves 0.1 a step until it has moved 0.2
...     w = rule.step(w, gradient=lambda w: torch.ones(1), lr=1.0)
>>> w, round(rule.d, 6)
(tensor([-0.3000]), 0.2)
"""

import torch

from methods.arenas.optimizers.arena import Optimizer
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class Prodigy(Optimizer):
    card = Card(
        title="Prodigy",
        papers=(Paper("Prodigy: An Expeditiously Adaptive Parameter-Free Learner", 2023, arxiv="2306.06101"),),
        fidelity="faithful",
        claims=(Beats("d-adaptation", on="test_accuracy"), Beats("d-adaptation", on="mean_loss"),
                Matches("adam", on="test_accuracy", within=1.0, cost="gradient evaluations"),
                Matches("adam", on="test_accuracy", within=1.0, setting="language", cost="gradient evaluations")),
    )

    tuned = False

    lr: float = param(1.0, "factor on the estimated learning rate; not meant to be tuned", low=0.1, high=10.0)
    beta1: float = param(0.9, "how much of the running mean of gradients stays each step", low=0.0, high=0.99)
    beta2: float = param(0.999, "how much of the running mean of squares stays each step", low=0.0, high=0.9999)
    eps: float = param(1e-8, "added to the root, so that a zero gradient makes no step", low=1e-12, high=1.0)
    safeguard: bool = param(True, "leave the rate out of what the estimate is divided by, for training with warm-up")
    d0: float = param(1e-6, "first estimate of the distance, to be too small", low=1e-8, high=1.0)

    def start(self, w):
        self.m, self.v, self.s = torch.zeros_like(w), torch.zeros_like(w), torch.zeros_like(w)
        self.w0, self.r, self.d = w, 0.0, self.d0

    def step(self, w, gradient, lr):
        # d / d0 in place of d in r and s: the ratio is the same and tiny numbers do not vanish
        g, b, d, weight = gradient(w), self.beta2**0.5, self.d, lr * (self.d / self.d0) ** 2
        self.m = self.beta1 * self.m + (1 - self.beta1) * d * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * (d * g) ** 2
        self.r = b * self.r + (1 - b) * weight * float(g @ (self.w0 - w))
        self.s = b * self.s + (1 - b) * (weight / lr if self.safeguard and lr > 0 else weight) * g
        path = float(self.s.abs().sum())
        if path > 0:
            self.d = max(self.d, self.r / path)
        return w - lr * d * self.m / (self.v.sqrt() + d * self.eps)
