"""Extremes: the easiest and the hardest passages of a batch weigh most.

    w = softmax(|l~| / r),   l~ = losses brought to [-1, 1] in the batch

Follows the paper of loss-based reweighting, where it is the worse choice.

>>> [abs(l) for l in (-1.0, 0.0, 0.5)]
[1.0, 0.0, 0.5]
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.weighing import standing, weights
from methods.kit.method import Card


class Extremes(PretrainingDataMethod):
    card = Card(title="Extremes weigh most")

    def weigh(self, losses, batch, net, task):
        return weights(standing(losses.detach()).abs(), task.progress, 1.0)
