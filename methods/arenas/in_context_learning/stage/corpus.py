"""A fixed text of sequences, in most of which later pairs are parallel to earlier ones, and what may be spoilt."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.in_context_learning.arena import InContextLearningMethod
from methods.arenas.in_context_learning.stage.sizes import WAYS
from methods.arenas.in_context_learning.stage.task import Task, every_loss

SEQUENCES, STEP = 1500, 0.1


class Corpus(InContextLearningMethod):
    """Every class of a sequence is guessed from the pairs before it. `spoilt` says which classes (S, n) are replaced
    by any."""

    share = 0.25

    def prepare(self, task):
        self.x, y = written(task)
        lots, any_class = task.lots(*y.shape), (task.lots(*y.shape) * WAYS).long()
        self.y = torch.where(self.spoilt(self.x, y, lots), any_class, y)
        return task.reader()

    def spoilt(self, x: Tensor, y: Tensor, lots: Tensor) -> Tensor:
        return torch.zeros_like(y, dtype=torch.bool)

    def loss(self, net, task):
        rows = (task.lots(task.size) * len(self.x)).long()
        return every_loss(net, self.x[rows], self.y[rows])


def written(task: Task) -> tuple[Tensor, Tensor]:
    """(S, n, D) and (S, n): in three sequences of four classes are dealt to kinds anew, in the fourth a fixed linear
    rule of the input says the class, whatever stands before."""
    many = SEQUENCES if not task.options.small else 20
    x, y = task.episode(many=many)
    rule = x @ task.normal(x.shape[2], WAYS)
    free = (torch.arange(many, device=x.device) % 4 == 0)[:, None]
    return x, torch.where(free, rule.argmax(2), y)


def parallel(x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """(S, n) the largest drop of the loss of b by a step on an earlier a, of a linear model with `weight` (D, C).

    d(a, b) = L_b(W) - L_b(W - step dL_a/dW); the step changes b's logits by -step (p_a - e_a) x_a . x_b

    >>> x = torch.tensor([[[1.0], [1.0], [-1.0]]])
    >>> (parallel(x, torch.tensor([[0, 0, 0]]), torch.zeros(1, 2)) > 0).tolist()       # the second is like the first
    [[False, True, False]]
    """
    z = x @ weight                                                              # (S, n, C)
    pull = F.one_hot(y, weight.shape[1]).to(x.dtype) - z.softmax(2)
    near = x @ x.transpose(1, 2)                                                # (S, b, a)
    before = F.cross_entropy(z.flatten(0, 1), y.flatten(), reduction="none").view_as(y)
    after = z[:, :, None] + STEP * near[..., None] * pull[:, None]              # (S, b, a, C)
    loss = -after.log_softmax(3).gather(3, y[:, :, None, None].expand(-1, -1, y.shape[1], 1))[..., 0]
    drop = before[..., None] - loss
    earlier = torch.ones_like(drop[0], dtype=torch.bool).tril(-1)
    return drop.masked_fill(~earlier, -torch.inf).amax(2)


def linear_model(x: Tensor, y: Tensor, steps: int = 60) -> Tensor:
    """(D, C) weights of a linear classifier of all classes."""
    flat, of = x.flatten(0, 1), F.one_hot(y.flatten(), WAYS).to(x.dtype)
    weight = x.new_zeros(x.shape[2], WAYS)
    for _ in range(steps):
        weight = weight - flat.T @ ((flat @ weight).softmax(1) - of) / len(flat)
    return weight
