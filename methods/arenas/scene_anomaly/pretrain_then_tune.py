"""Pretrain then tune: one network trained on many scenes, and one step of descent on the normal clips of a new one.

    w <- w - b grad L(w; clips of all scenes);   own = w - a grad L(w; normal clips)

Follows the textbook.

>>> import torch
>>> still = torch.ones(1, 1, 2, 4, 4)
>>> errors([torch.zeros(1, 1, 5, 5)] * 2, still).item()                    # nothing is drawn: all of the square is left
100.0
"""

from methods.arenas.scene_anomaly.arena import SceneAnomalyMethod
from methods.arenas.scene_anomaly.stage.predictor import descend, errors
from methods.kit.method import Card
from methods.kit.params import param


class PretrainThenTune(SceneAnomalyMethod):
    card = Card(title="Pretrain then tune")

    rate: float = param(8e-4, "of the step of adaptation", low=1e-5, high=1e-2)

    def meta_train(self, task):
        weights = task.blank()
        return task.train(weights, lambda clips: errors(weights, clips).mean())

    def adapt(self, weights, normal):
        return descend(weights, normal, 1, self.rate)
