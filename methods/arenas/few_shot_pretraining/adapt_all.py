"""Adapt everything: every layer gets an adapter and is tuned.

Adapters and copies of all four layers come from the same supernet, and all move on the few drawings of an episode.

    a layer with weights W gives  W' x + A x,   W' and A after five steps of Adam on CE(10 cos(f(x), m_c), y)

Follows the textbook. How fast is the best of three on the validation episodes of a seed that is never scored.

>>> import torch
>>> from methods.arenas.few_shot_pretraining.stage.adapted import nearest_centre
>>> nearest_centre(torch.tensor([[3.0, 4.0]]), torch.tensor([[[1.0, 0.0]], [[0.0, 2.0]]])).round().tolist()
[[6.0, 8.0]]
"""

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.adapted import adapted, answers, supernet
from methods.arenas.few_shot_pretraining.stage.task import rate_factor
from methods.kit.method import Card
from methods.kit.params import param

PATH = (3, 3, 3, 3)


class AdaptAll(PretrainingMethod):
    card = Card(title="Adapt everything")
    adapts = True

    rate: float = rate_factor(3.0)
    pace: float = param(3.0, "factor on the rate of the steps in an episode", choices=(0.3, 1.0, 3.0))

    def fit(self, task):
        self.net = supernet(task, self.rate)
        return self.net.encoder

    def settle(self, net, task):
        """As they were when the adapters learnt."""

    def classify(self, asked, task):
        drawings = asked.support_x[0]
        weights, _ = adapted(self.net, PATH, drawings, self.pace)
        return answers(self.net, PATH, weights, drawings, asked.query_x[0])[None]
