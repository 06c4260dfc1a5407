"""Structurally diverse sampling: cover the most frequent structures first, from the least used templates.

    repeat: c = argmax over uncovered compounds of their frequency in the pool;   t = the least used template with c;
            take a random passage of t with c;   what it has is covered;   when all is covered, begin again

Compounds are hashed pieces and pairs that at least five passages have, templates are 64 clusters of passages.

Departs from the paper: language has no program tree: pairs of pieces stand for subtrees, clusters for templates.

>>> sorted({"ab": 3, "bc": 5}.items(), key=lambda kv: -kv[1])[0][0]
'bc'
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.kit.method import Beats, Card, Paper


class StructuralDiversity(PretrainingDataMethod):
    card = Card(
        title="Structurally diverse sampling",
        papers=(Paper("Structurally Diverse Sampling for Sample-Efficient Training and Comprehensive Evaluation", 2022,
                      arxiv="2203.08445"),),
        fidelity="proxy",
        claims=(Beats("random", on="bits_per_byte"), Beats("uniform-clusters", on="bits_per_byte")),
    )

    def choose(self, task):
        has = task.grams(task.pool) > 0
        often = has.sum(0).float().masked_fill(has.sum(0) < 5, 0)
        of, centres = task.clusters(task.states(task.pool), 64)
        used = torch.zeros(len(centres), device=task.device)
        luck, free = task.noise(len(has)), torch.ones(len(has), dtype=torch.bool, device=task.device)
        open_, rows = often.clone(), []
        while len(rows) < task.now:
            if open_.max() <= 0:
                open_ = often.clone()
            compound = open_.argmax()
            among = (has[:, compound] & free).nonzero()[:, 0]
            if not len(among):
                open_[compound] = often[compound] = 0
                continue
            row = among[(used[of[among]] + luck[among]).argmin()]
            free[row] = False
            used[of[row]] += 1
            open_[has[row]] = 0
            rows.append(int(row))
        return torch.tensor(rows)
