"""WRAP: half of what is read is real, half is rephrased by a model.

    x'_i = argmax p_teacher(. | x_<i) where -log p_teacher(x_i | x_<i) > `odd`, else x_i;   half of the pool becomes x'

Departs from the paper: the rewriter is a small model that replaces single pieces it finds very unlikely; it writes in
no style; a passage is read as it is or rephrased, never both.

>>> [b if loss > 5 else a for a, b, loss in (("cat", "hat", 2.0), ("zqx", "sat", 9.0))]
['cat', 'sat']
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.kit.lm_reading import nats
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


@torch.no_grad()
def rephrased(net, windows, odd):
    """Passages whose very unlikely pieces are replaced by the likeliest; the first piece stays."""
    best = net(windows[:, :-1]).argmax(-1)
    said = torch.where(nats(net, windows) > odd, best, windows[:, 1:])
    return torch.cat([windows[:, :1], said], 1)


class Wrap(PretrainingDataMethod):
    card = Card(
        title="WRAP",
        papers=(Paper("Rephrasing the Web: A Recipe for Compute and Data-Efficient Language Modeling", 2024,
                      arxiv="2401.16380"),),
        fidelity="proxy",
        claims=(Beats("random", on="bits_per_byte"),),
    )

    share: float = param(0.5, "of the pool, rephrased", low=0.0, high=1.0)
    odd: float = param(6.0, "nats above which a piece is replaced", low=2.0, high=12.0)

    def rewrite(self, pool, task):
        some = task.noise(len(pool)) < self.share
        new = torch.cat([rephrased(task.teacher, part, self.odd) for part in pool.split(256)])
        return torch.where(some[:, None], new, pool)
