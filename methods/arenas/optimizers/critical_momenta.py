"""Adam with critical momenta: remember the momenta of the steepest moments and keep adding them.

A small buffer holds the momenta that were current when the gradient was largest. Their
mean is added to Adam's momentum, so the weights overshoot: out of a basin that is
narrow, but not out of a wide one. Priorities, the gradient norms at storage, fade every
step, so that old momenta give way to new ones.

    m <- beta1 * m + (1 - beta1) * g
    a = m + mean of the buffer
    store m if the buffer has room, or in place of the lowest priority p if ||g|| > p
    p <- fade * p, for all priorities
    v <- beta2 * v + (1 - beta2) * a^2
    w <- w - lr * (a / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

Departs from the paper: the priority is the norm of the whole gradient, where the authors'
code adds up the norms of the layers, and the very first momentum is used at once rather
than only stored (theirs stores the raw first gradient).

>>> import torch
>>> rule = CriticalMomenta(beta1=0.0, beta2=0.5, capacity=1)
>>> rule.start(torch.zeros(1))
>>> w = rule.step(torch.zeros(1), gradient=lambda w: torch.tensor([1.0]), lr=1.0)
>>> w, rule.step(w, gradient=lambda w: torch.tensor([3.0]), lr=1.0)     # a = 3 + 1, v = 8.25: 4 / sqrt(8.25 / 0.75)
(tensor([-1.]), tensor([-2.2060]))
"""

import torch

from methods.arenas.optimizers.arena import Optimizer
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class CriticalMomenta(Optimizer):
    card = Card(
        title="Adam with critical momenta",
        papers=(Paper("Promoting Exploration in Memory-Augmented Adam using Critical Momenta", 2023,
                      arxiv="2307.09638"),),
        fidelity="faithful",
        claims=(Beats("adam", on="test_accuracy"), Beats("adam", on="test_accuracy", setting="language"),
                Beats("adam", on="sharpness")),
    )

    lr: float = param(0.001, "usual learning rate; the arena tries multiples of it", low=1e-5, high=1.0)
    beta1: float = param(0.9, "how much of the running mean of gradients stays each step", low=0.0, high=0.99)
    beta2: float = param(0.999, "how much of the running mean of squares stays each step", low=0.0, high=0.9999)
    eps: float = param(1e-8, "added to the root, so that a zero gradient makes no step", low=1e-12, high=1.0)
    capacity: int = param(5, "how many momenta the buffer holds", low=1, high=20)
    fade: float = param(0.7, "how much of a priority stays each step", low=0.0, high=0.99)

    def start(self, w):
        self.m, self.v, self.t = torch.zeros_like(w), torch.zeros_like(w), 0
        self.momenta, self.priorities = [], []

    def step(self, w, gradient, lr):
        g = gradient(w)
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        a = self.m + torch.stack(self.momenta).mean(0) if self.momenta else self.m
        self.remember(self.m, float(g.norm()))
        self.v = self.beta2 * self.v + (1 - self.beta2) * a**2
        v_hat = self.v / (1 - self.beta2**self.t)
        return w - lr / (1 - self.beta1**self.t) * a / (v_hat.sqrt() + self.eps)

    def remember(self, m, norm):
        if len(self.momenta) < self.capacity:
            self.momenta.append(m)
            self.priorities.append(norm)
        elif norm > (lowest := min(self.priorities)):
            place = self.priorities.index(lowest)
            self.momenta[place], self.priorities[place] = m, norm
        self.priorities = [self.fade * priority for priority in self.priorities]
