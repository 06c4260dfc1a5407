"""Learning percentage: keep what is learnt late.

    LP(x) = (P_0 - P_1) / (P_0 - P_3),   S = the rows of lowest LP of each of 16 clusters, in proportion to its size

P are the perplexities under a fresh model before (taken as the number of pieces), after one and after three thirds of
a short training on the pool.

Departs from the paper: passages to pretrain on, for instructions to tune on; three checkpoints of one short training
for epochs; passages that got worse count as never learnt.

>>> (100 - 40) / (100 - 20)
0.75
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.quality import parts
from methods.arenas.pretraining_data.stage.task import top
from methods.kit.method import Beats, Card, Paper


def percentage(p0, p1, pn):
    """(N,) the share of the whole fall of perplexity that came first; 2 where it did not fall."""
    return torch.where(p0 - pn > 1e-6 * p0, (p0 - p1) / (p0 - pn).clamp(min=1e-6), 2.0)


class LearningPercentage(PretrainingDataMethod):
    card = Card(
        title="Learning percentage",
        papers=(Paper("Smaller Language Models are capable of selecting Instruction-Tuning Training Data for Larger "
                      "Language Models", 2024, arxiv="2402.10430"),),
        fidelity="proxy",
        claims=(Beats("random", on="bits_per_byte", setting="target"), Beats("random", on="bits_per_byte")),
    )

    def choose(self, task):
        early, _, late = task.checkpoints(3)
        p1, pn = (task.losses(net).exp() for net in (early, late))
        slow = -percentage(torch.full_like(p1, float(task.start.embed.num_embeddings)), p1, pn)
        of, centres = task.clusters(task.states(task.pool), 16)
        rows = []
        for j, many in enumerate(parts(torch.bincount(of, minlength=len(centres)).float().cpu(), task.now)):
            inside = (of == j).nonzero()[:, 0]
            rows.append(inside[top(slow[inside], many)])
        return torch.cat(rows)
