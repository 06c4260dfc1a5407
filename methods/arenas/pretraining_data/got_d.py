"""GOT-D: keep passages whose added weight brings what was read nearest to the target, by optimal transport.

    OT(pool, sample) with entropy;  f its dual;  g_i = f_i - mean_{j != i} f_j;   S = rows with the most negative g

The cost is the squared distance of the start's mean states. The start has read the same sources as the pool holds,
as the rule wants.

Departs from the paper: the training goes on from there, and there is no second tuning on the target; entropy of 5 %
of the mean cost.

>>> f = [1.0, 2.0, 6.0]
>>> [f[i] - (sum(f) - f[i]) / 2 for i in range(3)]
[-3.0, -1.5, 4.5]
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.task import top
from methods.kit.method import Beats, Card, Paper


def dual(cost, entropy, turns=100):
    """(N,) the dual of the rows of an entropic transport with even weights on both sides."""
    kernel = (-cost.double() / entropy).exp()
    n, m = kernel.shape
    v = torch.full((m,), 1 / m, dtype=torch.double, device=cost.device)
    for _ in range(turns):
        u = 1 / n / (kernel @ v).clamp(min=1e-300)
        v = 1 / m / (kernel.T @ u).clamp(min=1e-300)
    return entropy * u.log()


class GotD(PretrainingDataMethod):
    card = Card(
        title="GOT-D",
        papers=(Paper("Get more for less: Principled Data Selection for Warming Up Fine-Tuning in LLMs", 2024,
                      arxiv="2405.02774"),),
        fidelity="core",
        claims=(Beats("nearest-to-target", on="bits_per_byte", setting="target", by=0.02),
                Beats("dsir", on="bits_per_byte", setting="target", by=0.02)),
    )

    def choose(self, task):
        cost = torch.cdist(task.states(task.pool), task.states(task.sample)).square()
        f = dual(cost, 0.05 * float(cost.mean()))
        return top(-(f - (f.sum() - f) / (len(f) - 1)), task.now)
