"""AdEMAMix: keep a second, very slow mean of gradients beside Adam's.

One running mean of gradients cannot give weight to the newest and to very old ones alike. So two are kept: a fast one
as in Adam, and one that forgets over ten thousand steps; their sum, the slow one times alpha, takes the place of
momentum. As the slow one would harm early on, alpha and its memory grow over the first steps, the memory so that its
half-life grows evenly.

    m1 <- beta1 * m1 + (1 - beta1) * g,   m2 <- b(t) * m2 + (1 - b(t)) * g
    v <- beta2 * v + (1 - beta2) * g^2
    w <- w - lr * ((m1 / (1 - beta1^t) + a(t) * m2) / (sqrt(v / (1 - beta2^t)) + eps) + decay * w)
    a(t) = alpha * min(t / warm, 1),   b(t) = min(exp(ln(beta1) ln(beta3) / ((1 - s) ln(beta3) + s ln(beta1))), beta3),
    s = t / warm                                                                                  (algorithm 1)

Departs from the paper: a rule is not told the budget here, so the growth takes a given number of steps, those of the
main setting, and not as many as there are.

>>> rule = Ademamix(warm=100)
>>> rule.slow(0), round(rule.slow(50), 4), rule.slow(200)                # half the way, about twice beta3's forgetting
(0.9, 0.9998, 0.9999)
"""

import math

import torch

from methods.arenas.optimizers.arena import Optimizer
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Ademamix(Optimizer):
    card = Card(
        title="AdEMAMix",
        papers=(Paper("The AdEMAMix Optimizer: Better, Faster, Older", 2024, arxiv="2409.03137"),),
        fidelity="faithful",
        claims=(Beats("adamw", on="train_loss", setting="language"), Beats("adamw", on="train_loss")),
        reduces_to=("adamw", {"alpha": 0.0}),
        needs_scale=("Forgets its training data more slowly than AdamW over very long training.",),
    )

    lr: float = param(0.001, "usual learning rate; the arena tries multiples of it", low=1e-5, high=1.0)
    beta1: float = param(0.9, "how much of the fast mean of gradients stays each step", low=0.01, high=0.99)
    beta2: float = param(0.999, "how much of the running mean of squares stays each step", low=0.0, high=0.9999)
    beta3: float = param(0.9999, "how much of the slow mean stays each step once it has grown", low=0.99, high=0.99999)
    alpha: float = param(5.0, "weight of the slow mean once it has grown", low=0.0, high=20.0)
    warm: int = param(160, "steps over which the slow mean's weight and memory grow", low=1, high=10000)
    eps: float = param(1e-8, "added to the root, so that a zero gradient makes no step", low=1e-12, high=1.0)
    decay: float = param(0.1, "shrinkage of the weights per unit of learning rate", low=0.0, high=10.0)

    def slow(self, t):
        """How much of the slow mean stays at step t."""
        share, fast, last = t / self.warm, math.log(self.beta1), math.log(self.beta3)
        if share >= 1:
            return self.beta3
        return min(math.exp(fast * last / ((1 - share) * last + share * fast)), self.beta3)

    def start(self, w):
        self.m1, self.m2, self.v, self.t = torch.zeros_like(w), torch.zeros_like(w), torch.zeros_like(w), 0

    def step(self, w, gradient, lr):
        g = gradient(w)
        self.t += 1
        b = self.slow(self.t)
        self.m1 = self.beta1 * self.m1 + (1 - self.beta1) * g
        self.m2 = b * self.m2 + (1 - b) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat = self.m1 / (1 - self.beta1**self.t)
        v_hat = self.v / (1 - self.beta2**self.t)
        mixed = m_hat + self.alpha * min(self.t / self.warm, 1.0) * self.m2
        return w - lr * (mixed / (v_hat.sqrt() + self.eps) + self.decay * w)
