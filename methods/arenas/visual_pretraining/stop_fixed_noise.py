"""StoP, fixed noise: the positions asked for get Gaussian noise as it is.

For the question whether the shape of the noise has to be learnt.

    asked for = n + psi(place) + token,   n ~ N(0, sigma^2 I)

>>> 0.5 + 3.0
3.5
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.predicting import guessed_features, let_follow, network
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Card
from methods.kit.params import param


class StopFixedNoise(VisualPretrainingMethod):
    card = Card(title="StoP with fixed noise")

    rate: float = rate_factor(1.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself in the first step", low=0.0, high=0.999)
    sigma: float = param(0.25, "deviation of the noise", low=0.0, high=2.0)

    def network(self, task):
        return network(task)

    def loss(self, net, x, task):
        return guessed_features(net, x, task, shifted=self.sigma)

    def after_step(self, net, task):
        let_follow(net, self.momentum, task.progress)
