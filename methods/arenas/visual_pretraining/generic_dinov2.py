"""Generic DINOv2: DINOv2 on drawings of all kinds of things, and never on the pictures themselves.

The general network that training in the field is measured against, with the whole budget.

    loss = CE(S(slow(v1)), f(v2)) + mean CE(S(slow(hidden patch)), g(patch)) + 0.1 KoLeo,   of drawings alone

Follows the textbook.

>>> import torch
>>> from methods.arenas.visual_pretraining.stage.distilled import spread
>>> round(spread(torch.tensor([[1.0, 0.0], [-1.0, 0.0]])).item(), 4)                                           # -log 2
-0.6931
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.continued import generic
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Card


class GenericDinov2(VisualPretrainingMethod):
    card = Card(title="DINOv2 on drawings alone")

    rate: float = rate_factor(1.0)

    def fit(self, task):
        return generic(task, self.rate, 1.0).encoder
