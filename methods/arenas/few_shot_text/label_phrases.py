"""Label phrases: a sentence is of the class whose phrases it is nearest to; no label is used.

    score_c(x) = mean over phrases v of class c of cos(x, v)

Follows the textbook.

>>> import torch
>>> scores(torch.tensor([[2.0, 0.0]]), torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])).tolist()
[[1.0, 0.0]]
"""

import torch.nn.functional as F

from methods.arenas.few_shot_text.arena import FewShotTextMethod
from methods.kit.method import Card


def scores(x, phrases):
    """(N, C) mean cosines with the phrases (C, P, D)."""
    return F.normalize(x, dim=1) @ F.normalize(phrases, dim=2).mean(1).T


class LabelPhrases(FewShotTextMethod):
    card = Card(title="Label phrases")

    def fit(self, task):
        return lambda x: scores(x, task.phrases)
