"""All labels: the small language model learns from true labels of all the text.

No student without these labels can count on more; it is the upper end of this arena, not a contestant.

    L = CE(y, p_S), from weights that have guessed hidden words

Follows the textbook.

>>> import torch
>>> round(named(torch.zeros(1, 1, 4), torch.tensor([[2]])).item(), 4)           # log 4
1.3863
"""

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.arenas.language_distillation.stage.task import named
from methods.kit.method import Card


class AllLabels(LanguageDistillationMethod):
    card = Card(title="All labels (upper bound)")
    sees_all_labels = True

    def fit(self, task):
        net = task.student(pretrained=True)
        task.read_on([net], lambda ids, rows: named(net(ids), task.truth[rows]), task.steps + task.options.tuning)
        return net
