"""From scratch: weights as they are drawn, and one step of descent on the normal clips of a new scene.

    own = w_0 - a grad L(w_0; normal clips)

Follows the textbook.

>>> import torch
>>> w = [torch.ones(1, 1, 5, 5), torch.zeros(1, 1, 5, 5)]                # draws 0; the first has no gradient
>>> own = descend(w, torch.ones(1, 1, 2, 5, 5), 1, 0.1)
>>> bool((own[0] == 1).all()), bool((own[1] > 0).all())
(True, True)
"""

from methods.arenas.scene_anomaly.arena import SceneAnomalyMethod
from methods.arenas.scene_anomaly.stage.predictor import descend
from methods.kit.method import Card
from methods.kit.params import param


class FromScratch(SceneAnomalyMethod):
    card = Card(title="From scratch")

    rate: float = param(2e-4, "of the step of adaptation", low=1e-5, high=1e-2)

    def adapt(self, weights, normal):
        return descend(weights, normal, 1, self.rate)
