"""Adapt nothing: no layer is adapted: the nearest mean by cosine.

What the fixed network says on the same episodes, after the same first part of the budget.

    argmax_c cos(f(x), m_c)

Follows the textbook.

>>> import torch
>>> from methods.arenas.few_shot_pretraining.stage.adapted import nearest_centre
>>> nearest_centre(torch.tensor([[3.0, 4.0]]), torch.tensor([[[1.0, 0.0]], [[0.0, 2.0]]])).round().tolist()
[[6.0, 8.0]]
"""

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.adapted import Supernet, answers, learnt
from methods.arenas.few_shot_pretraining.stage.task import rate_factor
from methods.kit.method import Card

PATH = (0, 0, 0, 0)


class AdaptNone(PretrainingMethod):
    card = Card(title="Adapt nothing")
    adapts = True

    rate: float = rate_factor(3.0)

    def fit(self, task):
        self.net = Supernet(learnt(task, self.rate)).eval()
        return self.net.encoder

    def settle(self, net, task):
        """As they were when the adapters learnt."""

    def classify(self, asked, task):
        drawings = asked.support_x[0]
        return answers(self.net, PATH, None, drawings, asked.query_x[0])[None]
