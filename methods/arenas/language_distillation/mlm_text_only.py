"""Text alone: the student guesses hidden words of the text, then learns from the labels.

    L = -log p_S(hidden word), then CE(y, p_S), from weights drawn anew

Follows the textbook.

>>> len(MlmTextOnly.params)
0
"""

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.kit.method import Card


class MlmTextOnly(LanguageDistillationMethod):
    card = Card(title="Text alone")

    def fit(self, task):
        net = task.student(pretrained=False)
        task.read_on([net], lambda ids, rows: task.hide(net, ids), task.steps)
        task.tune([net])
        return net
