"""PASER: most passages where the model lost most of what a better one knows, the most damaged first.

    CDS(x) = mean over places of JSD(p_better(. | x_<i), p_start(. | x_<i));   budget of a cluster ~ its mean CDS;
    inside, the rows of highest CDS / log cost

Passages have one length, so cost does not matter.

Departs from the paper: the start of the run against a model that has read more, for a pruned model against the whole;
k-means of states for diffusion and spectral clusters; no graph of concepts; passages for instructions.

>>> from math import log
>>> p, q, m = (0.5, 0.5), (1.0, 0.0), (0.75, 0.25)
>>> kl = lambda a, b: sum(x * log(x / y) for x, y in zip(a, b) if x)
>>> round((kl(p, m) + kl(q, m)) / 2, 4)
0.2158
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.quality import parts
from methods.arenas.pretraining_data.stage.task import top
from methods.kit.method import Beats, Card, Paper


@torch.no_grad()
def divergence(better, worse, windows, batch=256):
    """(N,) the mean Jensen-Shannon divergence of two models' predictions."""
    found = []
    for some in windows.split(batch):
        p, q = better(some[:, :-1]).softmax(-1), worse(some[:, :-1]).softmax(-1)
        m = ((p + q) / 2).clamp(min=1e-12).log()
        found.append(((p * (p.clamp(min=1e-12).log() - m) + q * (q.clamp(min=1e-12).log() - m)).sum(-1) / 2).mean(1))
    return torch.cat(found)


class Paser(PretrainingDataMethod):
    card = Card(
        title="PASER",
        papers=(Paper("PASER: Post-Training Data Selection for Efficient Pruned Large Language Model Recovery", 2025,
                      arxiv="2502.12594"),),
        fidelity="proxy",
        claims=(Beats("random", on="bits_per_byte"), Beats("uniform-clusters", on="bits_per_byte")),
    )

    def choose(self, task):
        of, centres = task.clusters(task.states(task.pool), 16)
        lost = divergence(task.teacher, task.start, task.pool)
        mean = torch.zeros(len(centres), device=lost.device).index_add_(0, of, lost) \
            / torch.bincount(of, minlength=len(centres)).clamp(min=1)
        rows = []
        for j, many in enumerate(parts(mean.cpu(), task.now)):
            inside = (of == j).nonzero()[:, 0]
            rows.append(inside[top(lost[inside], many)])
        return torch.cat(rows)
