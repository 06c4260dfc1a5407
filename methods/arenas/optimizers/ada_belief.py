"""AdaBelief: step far where the gradient came as expected, and carefully where it did not.

Adam divides by the size of gradients, so it steps carefully wherever they are large, even where they are large and
steady, the best place for a long step. AdaBelief takes the running mean as a forecast of the gradient and divides by
how far the gradient strays from it instead.

    m <- beta1 * m + (1 - beta1) * g
    s <- beta2 * s + (1 - beta2) * (g - m)^2 + eps
    w <- w - lr * (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + eps)                           (algorithm 2)

The eps is that of its convolutional networks; recurrent ones and transformers get a smaller one. The rectification that
the authors' later package switches on is no part of the paper's rule.

Follows the paper.

>>> import torch
>>> rule = AdaBelief(beta1=0.5, beta2=0.5)
>>> rule.start(torch.zeros(1))
>>> rule.step(torch.zeros(1), gradient=lambda w: torch.tensor([4.0]), lr=0.1)     # 0.1 * 4 / (4 - 2)
tensor([-0.2000])
"""

import torch

from methods.arenas.optimizers.arena import Optimizer
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class AdaBelief(Optimizer):
    card = Card(
        title="AdaBelief",
        papers=(Paper("AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients", 2020,
                      arxiv="2010.07468"),),
        fidelity="faithful",
        claims=(Beats("adam", on="test_accuracy"), Beats("radam", on="test_accuracy"),
                Beats("adam", on="test_accuracy", setting="language"), Beats("momentum", on="mean_loss"),
                Matches("momentum", on="test_accuracy", within=1.0)),
    )

    lr: float = param(0.001, "usual learning rate; the arena tries multiples of it", low=1e-5, high=1.0)
    beta1: float = param(0.9, "how much of the running mean of gradients stays each step", low=0.0, high=0.99)
    beta2: float = param(0.999, "how much of the running mean of surprises stays each step", low=0.0, high=0.9999)
    eps: float = param(1e-8, "added to the surprise at every step, and to its root", low=1e-16, high=1.0)

    def start(self, w):
        self.m, self.s, self.t = torch.zeros_like(w), torch.zeros_like(w), 0

    def step(self, w, gradient, lr):
        g = gradient(w)
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.s = self.beta2 * self.s + (1 - self.beta2) * (g - self.m)**2 + self.eps
        m_hat = self.m / (1 - self.beta1**self.t)
        s_hat = self.s / (1 - self.beta2**self.t)
        return w - lr * m_hat / (s_hat.sqrt() + self.eps)
