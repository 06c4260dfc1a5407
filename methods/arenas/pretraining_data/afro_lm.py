"""AfroLM: four rounds, each with the passages that the model itself is least sure how to go on with.

    u(x) = mean over eight drawn pieces of H(p(. | first eight of x, what was drawn));   S += rows of highest u

Asked are four times as many unread passages, by chance, as a round keeps; then training goes on with all kept.

Departs from the paper: a causal model for a masked one; the passage of an uncertain prompt enters the pool, not what
the model wrote.

>>> from math import log
>>> round(-2 * 0.5 * log(0.5), 4)                 # two pieces alike likely
0.6931
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.task import top
from methods.kit.method import Beats, Card, Paper

PIECES = 8


class AfroLm(PretrainingDataMethod):
    card = Card(
        title="AfroLM",
        papers=(Paper("AfroLM: A Self-Active Learning-based Multilingual Pretrained Language Model for 23 African "
                      "Languages", 2022, arxiv="2211.03263"),),
        fidelity="proxy",
        claims=(Beats("random-rounds", on="bits_per_byte"),
                Beats("random-rounds", on="bits_per_byte", setting="target")),
    )
    rounds = 4

    def choose(self, task):
        free = torch.ones(len(task.pool), dtype=torch.bool, device=task.device)
        free[task.kept] = False
        rows = task.random(4 * task.now, free.nonzero()[:, 0])
        return rows[top(self.uncertainty(task, task.pool[rows, :PIECES]), task.now)]

    @torch.no_grad()
    def uncertainty(self, task, ids):
        total = torch.zeros(len(ids), device=ids.device)
        for _ in range(PIECES):
            p = task.net(ids)[:, -1].softmax(-1)
            total += -(p * p.clamp(min=1e-12).log()).sum(-1)
            at = (p.cumsum(-1) < task.noise(len(p))[:, None]).sum(-1).clamp(max=p.shape[1] - 1)
            ids = torch.cat([ids, at[:, None]], 1)
        return total / PIECES
