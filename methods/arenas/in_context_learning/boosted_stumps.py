"""Boosted stumps: a sum of cuts of one input each, every one fitted to what the others leave.

    f <- f + a (mean of residuals on either side of the best cut), 40 rounds, a = 0.2
    p(c | x) ~ exp(- (c - f(x))^2 / 2), f fitted to classes as numbers

Gradient boosting with trees of one cut; meant for `regression`, where classes have an order.

>>> import torch
>>> x, y = torch.tensor([[[0.0], [1.0], [2.0], [3.0]]]), torch.tensor([[0, 0, 4, 4]])
>>> BoostedStumps().answer(None, x, y, torch.tensor([[[0.5], [2.5]]])).argmax(2).tolist()
[[0, 4]]
"""

import torch
from torch import nn

from methods.arenas.in_context_learning.arena import InContextLearningMethod
from methods.arenas.in_context_learning.stage.sizes import WAYS
from methods.kit.method import Card
from methods.kit.params import param


class BoostedStumps(InContextLearningMethod):
    card = Card(title="Boosted stumps")
    trains = False

    rounds: int = param(40, "how many stumps", low=1, high=200)

    def prepare(self, task):
        return nn.Identity()

    def answer(self, net, x, y, queries):
        e, k, d = x.shape
        cuts = x.transpose(1, 2).sort(2).values                                    # (E, D, K)
        cuts = (cuts[..., 1:] + cuts[..., :-1]).flatten(1) / 2
        which = torch.arange(d, device=x.device).repeat_interleave(k - 1)
        left, asked = (x[..., which] <= cuts[:, None]).to(x.dtype), (queries[..., which] <= cuts[:, None]).to(x.dtype)
        many = left.sum(1).clamp(1, k - 1)
        f = y.to(x.dtype).mean(1, keepdim=True).expand(e, k).clone()
        g = f[:, :1].expand(e, queries.shape[1]).clone()
        rest, rows = y - f, torch.arange(e, device=x.device)
        for _ in range(self.rounds):
            on = (rest[:, None] @ left)[:, 0]
            off = rest.sum(1, keepdim=True) - on
            best = (on.square() / many + off.square() / (k - many)).argmax(1)
            a, b = 0.2 * on[rows, best] / many[rows, best], 0.2 * off[rows, best] / (k - many[rows, best])
            rest = rest - torch.where(left[rows, :, best] > 0, a[:, None], b[:, None])
            g = g + torch.where(asked[rows, :, best] > 0, a[:, None], b[:, None])
        return -(torch.arange(WAYS, device=x.device) - g[..., None]).square() / 2
