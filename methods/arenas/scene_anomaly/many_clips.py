"""Many clips: weights as they are drawn, and 20 steps of descent on 20 normal clips of each new scene.

It sees four times the clips and takes twenty times the steps; it is the upper end of this arena, not a contestant.

Follows the textbook.
"""

from methods.arenas.scene_anomaly.arena import SceneAnomalyMethod
from methods.arenas.scene_anomaly.stage.predictor import descend
from methods.kit.method import Card


class ManyClips(SceneAnomalyMethod):
    card = Card(title="Many clips (upper bound)")
    sees_more = True

    def adapt(self, weights, normal):
        return descend(weights, normal[:, :20], 20, 2e-4)
