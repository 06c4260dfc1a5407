"""Random features: a fixed non-linear basis, nothing learnt.

The head reads random cosine features of the upper half, an approximation of a Gaussian kernel. Every other method that
is not linear in the pixels starts from the same ones, so what is above this row was learnt from the other half.

    f(x1) = cos(W x1 + b),   W normal over the median distance of halves, b uniform

Follows the paper. The common factor of all features is left to the head, which brings features to one scale; the width
is the median distance.

>>> import torch
>>> class Task:
...     basis = staticmethod(torch.cos)
>>> RandomFeatures().fit(None, None, Task)(torch.zeros(1, 2)).tolist()
[[1.0, 1.0]]
"""

from methods.arenas.pretext_tasks.arena import PretextMethod
from methods.kit.method import Card, Paper


class RandomFeatures(PretextMethod):
    card = Card(
        title="Random features",
        papers=(Paper("Random Features for Large-Scale Kernel Machines", 2007),),
        fidelity="faithful",
    )

    def fit(self, x1, x2, task):
        return task.basis
