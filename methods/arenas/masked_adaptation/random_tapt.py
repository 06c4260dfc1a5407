"""Random TAPT: hidden words of the labelled windows and of as many windows of the domain as kNN-TAPT takes, any.

    own text = labelled windows + drawn windows of the domain

What kNN-TAPT is compared with.

>>> RandomTapt().k
20
"""

import torch

from methods.arenas.masked_adaptation.stage.neighbours import Neighbours, nearest
from methods.kit.method import Card


class RandomTapt(Neighbours):
    card = Card(title="Random TAPT")

    def rows(self, task):
        many = len(nearest(task.labelled, task.texts["domain"], task.words, self.k))
        return torch.randperm(len(task.texts["domain"]), generator=task.generator)[:many].to(task.device)
