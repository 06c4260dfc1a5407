"""Mixup queries: ask about mixtures of two pictures of the pool.

    x = lam a + (1 - lam) b,   lam ~ Beta(alpha, alpha),   alpha = 1; the teacher is asked what it sees in the mixture

Departs from the paper: mixtures are made once, as questions, and not in each step; what is learnt of them is the
teacher's answer and not the mixture of two labels; alpha is the paper's for small pictures.

>>> import torch
>>> mixed(torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1), torch.tensor([0.25])).item()
0.25
"""

import torch

from methods.arenas.teacher_queries.arena import TeacherQueriesMethod
from methods.arenas.teacher_queries.stage.drafts import mixed
from methods.kit.method import Card, Paper
from methods.kit.params import param


class MixupQueries(TeacherQueriesMethod):
    card = Card(
        title="Mixup queries",
        papers=(Paper("mixup: Beyond Empirical Risk Minimization", 2017, arxiv="1710.09412"),),
        fidelity="core",
    )

    alpha: float = param(1.0, "of the Beta distribution of shares", low=0.1, high=4.0)

    def queries(self, task, many):
        lam = torch.distributions.Beta(self.alpha, self.alpha).sample((many,)).to(task.device)
        return mixed(task.pool[task.some(many)], task.pool[task.some(many)], lam)
