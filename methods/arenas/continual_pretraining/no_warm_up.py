"""No warm-up: begin at the old height of the rate at once.

    eta_t = cosine from eta_max to 0.1 eta_max

Follows the textbook.

>>> from methods.arenas.continual_pretraining.arena import warm_cosine
>>> warm_cosine(0.0, 0.0, 0.1, 100)
1.0
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod, warm_cosine
from methods.kit.method import Card


class NoWarmUp(ContinualPretrainingMethod):
    card = Card(title="No warm-up")
    rate_factor = 10 / 3

    def rate(self, task):
        return warm_cosine(task.progress, 0.0, 0.1, task.steps)
