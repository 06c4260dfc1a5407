"""Logistic probe: a linear classifier trained by gradients on the few drawings of an episode.

Features at length one, cross-entropy and a ridge, by L-BFGS from zero. Names are not looked at.

    min_W  sum_i CE(W x_i + b, y_i) + ridge / 2 ||W||^2

Follows the textbook. The ridge is the best of three on the validation episodes.

>>> import torch
>>> w, b = probe(torch.tensor([[[[1.0, 0.0]], [[0.0, 1.0]]]]), 1.0)
>>> bool(w[0, 0, 0] > 0 > w[0, 0, 1]) and bool(b.abs().max() < 1e-5)                                # as symmetry wants
True
"""

import torch
import torch.nn.functional as F

from methods.arenas.few_shot.arena import FewShotMethod
from methods.kit.method import Card


def probe(support, ridge, steps=25):
    """Weights (E, W, D) and offsets (E, W) of a regression on each episode's drawings (E, W, S, D)."""
    episodes, ways, shots, width = support.shape
    x = support.flatten(1, 2)
    y = torch.arange(ways, device=x.device).repeat_interleave(shots).repeat(episodes)
    w = x.new_zeros(episodes, ways, width).requires_grad_()
    b = x.new_zeros(episodes, ways).requires_grad_()
    solver = torch.optim.LBFGS([w, b], max_iter=steps, history_size=10, line_search_fn="strong_wolfe")

    def closure():
        solver.zero_grad()
        logits = x @ w.transpose(1, 2) + b[:, None]
        value = F.cross_entropy(logits.flatten(0, 1), y, reduction="sum") + ridge / 2 * w.square().sum()
        value.backward()
        return value

    solver.step(closure)
    return w.detach(), b.detach()


class LogisticProbe(FewShotMethod):
    card = Card(title="Logistic probe")

    def prepare(self, task):
        support, x = task.unit(task.practice.support), task.unit(task.practice.query)

        def found(ridge):
            w, b = probe(support, ridge)
            return task.accuracy(x @ w.transpose(1, 2) + b[:, None])

        self.ridge = max((0.03, 0.3, 3.0), key=found)

    def classify(self, asked, task):
        w, b = probe(task.unit(asked.support), self.ridge)
        return task.unit(asked.query) @ w.transpose(1, 2) + b[:, None]
