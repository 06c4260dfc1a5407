"""Re-warmed blend: the two blends of "Reuse, don't retrain", with the rate raised to its old height.

    eta_t: 2 % warm-up to eta_max, then a cosine to eta_max / 100;   new text: 1/2, below eta_max / 5 3/4 of a batch

Follows the textbook.

>>> from methods.arenas.continual_pretraining.arena import warm_cosine
>>> round(warm_cosine(1.0, 0.02, 0.01, 100), 2)
0.01
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod, warm_cosine
from methods.arenas.continual_pretraining.stage.replaying import mixed
from methods.kit.method import Card


class RewarmedBlend(ContinualPretrainingMethod):
    card = Card(title="Re-warmed blend")
    rate_factor = 10 / 3

    def rate(self, task):
        return warm_cosine(task.progress, 0.02, 0.01, task.steps)

    def batch(self, task):
        return mixed(task, 0.5 if task.progress < 0.02 or self.rate(task) > 0.2 else 0.25)
