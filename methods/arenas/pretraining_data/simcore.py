"""SimCore: a core of the pool that covers the target: the nearest unused passages to its centres, in rounds.

    rounds of argmax_u cos(c, u) for all centres c;   stop when the mean of a round < 0.95 of the first's

Centres are k-means of the sample's mean states under the start, without the mean of the pool.

Departs from the paper: language for pictures, and states of the start for a model trained on the target; the sample
itself is not trained on; fewer passages than the budget may be kept, then they are read more often.

>>> 0.76 / 0.8 < 0.95
False
"""

import torch
import torch.nn.functional as F

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Simcore(PretrainingDataMethod):
    card = Card(
        title="SimCore",
        papers=(Paper("Coreset Sampling from Open-Set for Fine-Grained Self-Supervised Learning", 2023,
                      arxiv="2303.11101"),),
        fidelity="proxy",
        claims=(Beats("random", on="bits_per_byte", setting="target"),
                Beats("whole-pool", on="bits_per_byte", setting="target")),
    )

    tau: float = param(0.95, "of the first round's likeness, under which to stop", low=0.0, high=1.0)

    def choose(self, task):
        pool, sample = task.states(task.pool), task.states(task.sample)
        _, centres = task.clusters(sample - pool.mean(0), 50)
        alike = F.normalize(pool - pool.mean(0), dim=1) @ F.normalize(centres, dim=1).T
        rows, first = [], None
        while len(rows) < task.now:
            likeness, new = [], []
            for c in range(min(alike.shape[1], task.now - len(rows))):
                value, row = alike[:, c].max(0)
                likeness.append(float(value))
                new.append(int(row))
                alike[row] = -2.0
            first = first or sum(likeness) / len(likeness)
            if sum(likeness) / len(likeness) < self.tau * first:
                break
            rows += new
        return torch.tensor(rows)
