"""A larger model on text alone: it guesses hidden words, then learns from the labels.

    L = CE(hidden word), then CE(y, p)

Follows the textbook.

>>> len(LargeTextOnly.params)
0
"""

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.arenas.language_distillation.stage.task import helped
from methods.kit.method import Card


class LargeTextOnly(LanguageDistillationMethod):
    card = Card(title="Larger model, text alone")

    def fit(self, task):
        net = task.student(pretrained=False, large=True)
        task.read_on([net], lambda ids, rows: helped(net, net, ids, *task.masked(ids), 0.0), task.steps)
        task.tune([net])
        return net
