"""All labels: what is left to the head when every picture has its label.

Features are the ridge scores of the ten digits, learnt from the labels of all unlabelled pictures on the same basis as
everybody's. No method without those labels can count on more; it is the upper end of this arena, not a contestant.

    f(x1) = least squares of y on the basis of x1, over all unlabelled pictures

Follows the textbook.

>>> import torch
>>> class Task:
...     labels, classes = torch.tensor([0, 1]), 2
...     basis = staticmethod(lambda x: x)
>>> x1 = torch.tensor([[1.0], [-1.0]])
>>> AllLabelsFeatures(ridge=1e-6).fit(x1, None, Task)(x1).round(decimals=2).tolist()
[[1.0, 0.0], [0.0, 1.0]]
"""

import torch.nn.functional as F

from methods.arenas.pretext_tasks.arena import PretextMethod
from methods.arenas.pretext_tasks.stage.task import ridge_map
from methods.kit.method import Card
from methods.kit.params import param


class AllLabelsFeatures(PretextMethod):
    card = Card(title="All labels (upper bound)")
    sees_all_labels = True

    ridge: float = param(1e-4, "held small, for each picture", low=1e-6, high=1.0)

    def fit(self, x1, x2, task):
        weights, offset = ridge_map(task.basis(x1), F.one_hot(task.labels, task.classes).to(x1.dtype), self.ridge)
        return lambda x: task.basis(x) @ weights + offset
