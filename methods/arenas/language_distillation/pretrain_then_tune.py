"""Pretrain, then tune: the small language model learns from the labelled windows.

    L = CE(y, p_S), from weights that have guessed hidden words

Follows the textbook.

>>> import torch
>>> round(named(torch.zeros(1, 1, 4), torch.tensor([[2]])).item(), 4)           # log 4
1.3863
"""

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.arenas.language_distillation.stage.task import named
from methods.kit.method import Beats, Card


class PretrainThenTune(LanguageDistillationMethod):
    card = Card(title="Pretrain, then tune", claims=(Beats("labels-only", on="word_error"),))

    def fit(self, task):
        net = task.student(pretrained=True)
        task.tune([net], lambda ids, labels: named(net(ids), labels), task.steps + task.options.tuning)
        return net
