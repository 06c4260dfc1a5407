"""NAdam: Adam whose momentum already includes the gradient just seen, as Nesterov's does.

Adam steps along a mean in which the newest gradient has a weight of one tenth. Here
the step uses the mean as it will be one step later, with the newest gradient in full.
The momentum mu_t rises slowly from half of beta1 to beta1.

    mu_t = beta1 * (1 - 0.5 * 0.96^(t * psi))
    m <- mu_t * m + (1 - mu_t) * g
    v <- beta2 * v + (1 - beta2) * g^2
    m_hat = mu_(t+1) * m / (1 - mu_1 ... mu_(t+1)) + (1 - mu_t) * g / (1 - mu_1 ... mu_t)
    w <- w - lr * m_hat / (sqrt(beta2 * v / (1 - beta2^t)) + eps)                    (algorithm 2)

Departs from the paper: mu rises to 0.9, the usual momentum of Adam. Keras and PyTorch let m forget by beta1.

>>> import torch
>>> rule = Nadam(beta1=0.5)                       # mu_1 and mu_2 are close to 0.25
>>> rule.start(torch.zeros(1))
>>> rule.step(torch.zeros(1), gradient=lambda w: torch.ones(1), lr=1.0)    # (.25 * .75 / (1 - .25^2) + 1) / root(.999)
tensor([-1.2007])
"""

import torch

from methods.arenas.optimizers.arena import Optimizer
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Nadam(Optimizer):
    card = Card(
        title="NAdam",
        papers=(Paper("Incorporating Nesterov Momentum into Adam", 2016),),
        fidelity="core",
        claims=(Beats("adam", on="mean_loss"), Beats("adam", on="mean_loss", setting="language")),
    )

    lr: float = param(0.002, "usual learning rate; the arena tries multiples of it", low=1e-5, high=1.0)
    beta1: float = param(0.9, "how much of the running mean of gradients stays each step", low=0.0, high=0.99)
    beta2: float = param(0.999, "how much of the running mean of squares stays each step", low=0.0, high=0.9999)
    eps: float = param(1e-8, "added to the root, so that a zero gradient makes no step", low=1e-12, high=1.0)
    psi: float = param(0.004, "how fast the momentum rises to beta1", low=0.0, high=1.0)

    def start(self, w):
        self.m, self.v, self.t, self.product = torch.zeros_like(w), torch.zeros_like(w), 0, 1.0

    def momentum(self, t):
        return self.beta1 * (1 - 0.5 * 0.96**(t * self.psi))

    def step(self, w, gradient, lr):
        g = gradient(w)
        self.t += 1
        now, ahead = self.momentum(self.t), self.momentum(self.t + 1)
        self.product *= now
        self.m = now * self.m + (1 - now) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat = ahead * self.m / (1 - self.product * ahead) + (1 - now) * g / (1 - self.product)
        v_hat = self.beta2 * self.v / (1 - self.beta2**self.t)
        return w - lr * m_hat / (v_hat.sqrt() + self.eps)
