"""Card only: what a reader of model cards can go by, without running anything.

    s = width x (1 + log of the number of kinds that the model names) + steps / 10

The weights are ours.

Departs from the paper: a study of forum threads and repositories of how models are reused, with their documentation as
one of the difficulties, and no method; nothing that it found is tested here. This is what its readers of cards are
left with: of models, only what their cards tell.

>>> from types import SimpleNamespace as Any
>>> CardOnly().score(Any(card=Any(width=24, kinds=1, steps=0)), None)
24.0
"""

import math

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.kit.method import Card, Paper


class CardOnly(ModelSelectionMethod):
    card = Card(
        title="Card only",
        papers=(Paper("Deep Learning Model Reuse in the HuggingFace Community: Challenges, Benefit and Trends", 2024,
                      arxiv="2401.13177"),),
        fidelity="proxy",
        claims=(),
        needs_scale=("Documentation of models does not grow with their number.",),
    )

    def score(self, model, task):
        card = model.card
        return card.width * (1 + math.log(card.kinds)) + card.steps / 10
