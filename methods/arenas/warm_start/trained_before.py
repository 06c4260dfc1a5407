"""Trained before: the target has been trained for long already. An upper bound.

    theta = weights of a model of the target's shape; where there is none, what fits of the source

There is such a model in `smaller` alone. Follows the textbook.

>>> 2000 * 16 // (64 * 8)                         # how many times as many windows it has read
62
"""

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.growing import overlap, set_
from methods.kit.method import Card


class TrainedBefore(WarmStartMethod):
    card = Card(title="Trained before")

    def initialise(self, target, task):
        if task.ready is None:
            overlap(target, task.source)
        else:
            set_(target, task.ready.state_dict())
