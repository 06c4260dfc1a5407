"""Idealised prototypes: as if the meaning of every unseen kind were the mean of 40 of its drawings.

What is asked of meanings in zero-shot learning is to say where the drawings of a kind lie. Here they say it rightly;
what is still wrong is due to the features. The upper end of this arena, not a contestant.

    score_c(x) = -|x - m_c|^2,   m_c = mean drawing of kind c

Follows the textbook. In `tagging` a kind is scored by its best cell. In `attributes` and `worst-attributes` it is no
bound: means of bits are what the description says anyway.

>>> import torch
>>> x, means = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 0.0], [1.0, 2.0]])
>>> (-torch.cdist(x, means).square()).tolist()
[[-1.0, -4.0]]
"""

import torch

from methods.arenas.zero_shot.arena import ZeroShotMethod
from methods.kit.method import Card


class IdealisedPrototypes(ZeroShotMethod):
    card = Card(title="Idealised prototypes (upper bound)")
    sees_unseen = True

    def fit(self, task):
        self.means = torch.cat([task.means(task.features(task.x)), task.many])

    def scores(self, x, task):
        return -torch.cdist(task.features(x), self.means).square()

    def bag_scores(self, cells, task):
        return self.scores(cells.flatten(0, 1), task).view(*cells.shape[:2], -1).amax(1)
