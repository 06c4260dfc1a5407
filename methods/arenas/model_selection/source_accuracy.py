"""Source accuracy: the model that was best at its own task.

    s = share of its own kinds' unseen items that the model names rightly

What is often gone by. The paper finds that it tells which moment of a training serves fine-tuning best, and not which
serves a probe. Of language models it is not told, and the steps of training stand in.

Departs from the paper: small encoders of drawings in place of ImageNet's residual networks.

>>> from types import SimpleNamespace as Any
>>> SourceAccuracy().score(Any(card=Any(accuracy=50.0, steps=3)), None)
50.0
"""

import math

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.kit.method import Card, GainGrows, Paper


class SourceAccuracy(ModelSelectionMethod):
    card = Card(
        title="Source accuracy",
        papers=(Paper("Towards Inadequately Pre-trained Models in Transfer Learning", 2022, arxiv="2203.04668",
                      covers="what source accuracy tells for a probe and for fine-tuning"),),
        fidelity="core",
        claims=(GainGrows("random", on="tau", from_="checkpoints", to="fine-tuned-checkpoints"),),
    )

    def score(self, model, task):
        return float(model.card.steps) if math.isnan(model.card.accuracy) else model.card.accuracy
