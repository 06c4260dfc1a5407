"""MMR: near to the question, and not near to one another.

Maximal marginal relevance takes the nearest demonstration, and then always the one that is near to the question for how
near it is to those already taken.

    next z = argmax lam cos(x, z) - (1 - lam) max_{z' taken} cos(z, z'),   lam = 0.5

Departs from the paper: it ranks demonstrations and not documents; lam is ours, the middle of its range; what was taken
is shown in the order of nearness to the question, the nearest last.

>>> import torch
>>> near = torch.tensor([[[0.9, 0.85, 0.3]]])
>>> among = torch.tensor([[[1.0, 0.99, 0.0], [0.99, 1.0, 0.0], [0.0, 0.0, 1.0]]])
>>> marginal(near, among, 2, 0.5).tolist()
[[[0, 2]]]
"""

import torch

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.selection import by_score, cosines
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Card, Paper
from methods.kit.params import param


def marginal(near, among, k, lam):
    """Rows (E, Q, k) by nearness (E, Q, P) to the questions and (E, P, P) among demonstrations, as they are taken."""
    rows, closest = [], torch.zeros_like(near)
    taken = torch.zeros_like(near, dtype=torch.bool)
    for i in range(k):
        gain = (lam * near - (1 - lam) * closest).masked_fill(taken, -torch.inf)
        row = gain.argmax(2, keepdim=True)
        taken = taken.scatter(2, row, True)
        to_it = among.gather(1, row.expand(-1, -1, among.shape[2]))
        closest = to_it if i == 0 else torch.maximum(closest, to_it)
        rows.append(row)
    return torch.cat(rows, 2)


class Mmr(InContextMethod):
    card = Card(
        title="Maximal marginal relevance",
        papers=(Paper("The Use of MMR, Diversity-Based Reranking for Reordering Documents and Producing Summaries",
                      1998),),
        fidelity="core",
        reduces_to=("cosine-top-k", {"lam": 1.0}),
    )

    lam: float = param(0.5, "weight of nearness to the question", low=0.0, high=1.0)

    def choose(self, asked, task):
        near = cosines(asked.features, task.pool.features)
        among = cosines(task.pool.features, task.pool.features)
        return Prompts(by_score(marginal(near, among, task.shots, self.lam), near))
