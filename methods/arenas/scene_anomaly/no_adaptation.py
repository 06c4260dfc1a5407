"""No adaptation: one network for all scenes, trained on many and left as it is.

    score = ||second frame - f(first frame)||^2

Follows the textbook.

>>> import torch
>>> still = torch.ones(1, 1, 2, 4, 4)
>>> errors([torch.zeros(1, 1, 5, 5)] * 2, still).item()                    # nothing is drawn: all of the square is left
100.0
"""

from methods.arenas.scene_anomaly.arena import SceneAnomalyMethod
from methods.arenas.scene_anomaly.stage.predictor import errors
from methods.kit.method import Card


class NoAdaptation(SceneAnomalyMethod):
    card = Card(title="No adaptation")

    def meta_train(self, task):
        weights = task.blank()
        return task.train(weights, lambda clips: errors(weights, clips).mean())
