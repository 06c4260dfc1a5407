"""First-order MAML: first weights from which a few steps on the pairs lead to good answers.

    w_q = w - a sum over steps of dL(pairs)/dw;  w moves by dL(queries)/dw at w_q

Five steps at a rate of 0.5 on a network of one hidden layer; what in-context tuning is compared with. The rate is ours.

>>> import torch
>>> net = Fast(3, 4)
>>> [tuple(w.shape) for w in net.adapted(torch.zeros(2, 5, 3), torch.tensor([[0, 1, 2, 3, 4]] * 2), 1, 0.1)]
[(2, 3, 4), (2, 1, 4), (2, 4, 5), (2, 1, 5)]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.in_context_learning.arena import InContextLearningMethod
from methods.arenas.in_context_learning.stage.sizes import WAYS
from methods.kit.method import Card
from methods.kit.params import param


class Fast(nn.Module):
    """A network whose weights an episode may have for itself."""

    def __init__(self, width_in: int, width: int):
        super().__init__()
        self.first, self.second = nn.Linear(width_in, width), nn.Linear(width, WAYS)

    def said(self, weights, x):
        w, b, v, c = weights
        return F.relu(x @ w + b) @ v + c

    def adapted(self, x, y, steps: int, rate: float):
        shared = [self.first.weight.T, self.first.bias[None], self.second.weight.T, self.second.bias[None]]
        fast = [w.expand(len(x), -1, -1) for w in shared]
        with torch.enable_grad():
            for _ in range(steps):
                kept = [w.detach().requires_grad_() for w in fast]
                loss = F.cross_entropy(self.said(kept, x).flatten(0, 1), y.flatten()) * len(x)
                fast = [w - rate * g for w, g in zip(fast, torch.autograd.grad(loss, kept), strict=True)]
        return fast


class Fomaml(InContextLearningMethod):
    card = Card(title="First-order MAML")

    inner_steps: int = param(5, "steps on the pairs", low=1, high=20)
    inner_rate: float = param(0.5, "rate of the steps on the pairs", low=0.01, high=2.0)

    def prepare(self, task):
        return Fast(task.options.width_in, 2 * task.options.width).to(task.device)

    def loss(self, net, task):
        x, y = self.episode(task)
        task.trial.count(gradients=self.inner_steps)
        said = self.answer(net, x[:, :task.length], y[:, :task.length], x[:, task.length:])
        return F.cross_entropy(said.flatten(0, 1), y[:, task.length:].flatten())

    def answer(self, net, x, y, queries):
        return net.said(net.adapted(x, y, self.inner_steps, self.inner_rate), queries)
