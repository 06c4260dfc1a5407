"""BiLSTM, labels only: a recurrent tagger with word vectors of the small language model learns from the labels alone.

    L = CE(y, p_S)

Follows the textbook.

>>> import torch
>>> round(named(torch.zeros(1, 1, 4), torch.tensor([[2]])).item(), 4)           # log 4
1.3863
"""

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.arenas.language_distillation.stage.bilstm import tagger
from methods.arenas.language_distillation.stage.task import named
from methods.kit.method import Card


class BilstmLabelsOnly(LanguageDistillationMethod):
    card = Card(title="BiLSTM, labels only")

    def fit(self, task):
        net = tagger(task)
        task.tune([net], lambda ids, labels: named(net(ids), labels), task.steps + task.options.tuning)
        return net
