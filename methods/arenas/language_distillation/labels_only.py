"""Labels only: the student learns from the labelled windows alone, from weights drawn anew.

    L = CE(y, p_S)

Follows the textbook.

>>> import torch
>>> round(named(torch.zeros(1, 1, 4), torch.tensor([[2]])).item(), 4)           # log 4
1.3863
"""

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.arenas.language_distillation.stage.task import named
from methods.kit.method import Card


class LabelsOnly(LanguageDistillationMethod):
    card = Card(title="Labels only")

    def fit(self, task):
        net = task.student(pretrained=False)
        task.tune([net], lambda ids, labels: named(net(ids), labels), task.steps + task.options.tuning)
        return net
