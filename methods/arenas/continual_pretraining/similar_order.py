"""Similar order: each text is followed by the one most like it.

    pi(t + 1) = argmax over texts left of cos(e(D_pi(t)), e(D)),   e: mean state of the start over a text's windows

The first is drawn by chance.

Departs from the paper: four texts in place of some hundred fields; the start's own states of 128 windows, less the mean
over texts, take the place of a sentence encoder's vectors.

>>> import torch
>>> along(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]]), 0)
[0, 2, 1]
"""

import torch
import torch.nn.functional as F

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.kit.method import Beats, Card, Paper


def along(vectors, first):
    """From the first on, always to the nearest that is left."""
    near, order = F.normalize(vectors, dim=1) @ F.normalize(vectors, dim=1).T, [first]
    while len(order) < len(vectors):
        left = [i for i in range(len(vectors)) if i not in order]
        order.append(max(left, key=lambda i: float(near[order[-1], i])))
    return order


class SimilarOrder(ContinualPretrainingMethod):
    card = Card(
        title="Similar order",
        papers=(Paper("Investigating Continual Pretraining in Large Language Models: Insights and Implications", 2024,
                      arxiv="2402.17400", covers="similar texts one after another"),),
        fidelity="core",
        claims=(Beats("domain-order", on="learnt_bpb", setting="stream"),),
    )
    rate_factor = 1 / 3

    def order(self, new, task):
        with torch.no_grad():
            means = torch.stack([task.start.states(text[:128, :-1].long())[-1].mean((0, 1)) for text in new])
        first = int(torch.randint(len(new), (), generator=task.generator))
        return along(means - means.mean(0), first)
