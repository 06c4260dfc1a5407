"""PreSelect: keep what separates weak models from strong ones as their abilities do.

    S(d) = (1 / Z) sum_{i<j} 1[C_i(d) > C_j(d)],   models in the order of their scores s_1 < ... < s_5

C is the loss a piece, whose order for a passage is that of the loss a byte; s is how well a model does on the clean
sample. A linear n-gram classifier learns the tenth of highest S against that of lowest, equal ones in random order, and
scores the whole pool.

Departs from the paper: five models of one training, not of several families; S of the whole pool, not of a seed set.

>>> c = [3.0, 2.5, 2.7]                   # the weakest model first: two of three pairs are in order
>>> sum(c[i] > c[j] for j in range(3) for i in range(j)) / 3
0.6666666666666666
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.task import gram_classifier, top
from methods.kit.method import Beats, Card, Paper


def strength(losses):
    """(N,) the share of pairs of models, weakest first in (M, N), whose losses are in the order of their abilities."""
    pairs = [(i, j) for j in range(len(losses)) for i in range(j)]
    return torch.stack([(losses[i] > losses[j]).float() for i, j in pairs]).mean(0)


class Preselect(PretrainingDataMethod):
    card = Card(
        title="PreSelect",
        papers=(Paper("Predictive Data Selection: The Data That Predicts Is the Data That Teaches", 2025,
                      arxiv="2503.00808"),),
        fidelity="core",
        claims=(Beats("random", on="bits_per_byte", by=0.02), Beats("points-filter", on="bits_per_byte", by=0.02)),
    )

    def choose(self, task):
        models = sorted(task.ladder, key=lambda net: -float(task.losses(net, task.sample).mean()))
        s = strength(torch.stack([task.losses(net) for net in models])) + 1e-3 * task.noise(len(task.pool))
        many = len(task.pool) // 10
        return top(gram_classifier(task, task.pool[top(s, many)], task.pool[top(-s, many)]), task.now)
