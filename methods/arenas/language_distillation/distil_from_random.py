"""Distilling from random: the student learns the teacher's probabilities on text, from weights drawn anew.

    L = -sum_c p_T(c) log p_S(c)

Follows the textbook.

>>> import torch
>>> round(soft(torch.zeros(1, 1, 2), torch.tensor([[[0.0, 1.0986123]]])).item(), 4)     # log 2
0.6931
"""

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.arenas.language_distillation.stage.task import soft
from methods.kit.method import Beats, Card


class DistilFromRandom(LanguageDistillationMethod):
    card = Card(title="Distilling from random weights", claims=(Beats("labels-only", on="word_error"),))

    def fit(self, task):
        net = task.student(pretrained=False)
        task.read_on([net], lambda ids, rows: soft(net(ids), task.told[rows]), task.steps + task.options.tuning)
        return net
