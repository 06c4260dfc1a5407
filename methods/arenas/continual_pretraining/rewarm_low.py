"""Low re-warming: as re-warming, to a third of the old height.

    eta_t = eta_max t / (w T)  for t < w T,   then a cosine from eta_max to 0.1 eta_max

w is 2 % of the steps.

Departs from the paper: 80 steps in place of billions of pieces, so that the warm-up lowers the rate of the first at
most.

>>> from methods.arenas.continual_pretraining.arena import warm_cosine
>>> [round(0.003 * warm_cosine(p, 0.02, 0.1, 100), 4) for p in (0.0, 0.01, 1.0)]
[0.0015, 0.003, 0.0003]
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod, warm_cosine
from methods.kit.method import Beats, Card, Paper


class RewarmLow(ContinualPretrainingMethod):
    card = Card(
        title="Low re-warming",
        papers=(Paper("Continual Pre-Training of Large Language Models: How to (re)warm your model?", 2023,
                      arxiv="2308.04014", covers="warm-up to a lower height"),),
        fidelity="faithful",
        claims=(Beats("rewarming", on="old_bpb"),),
    )

    def rate(self, task):
        return warm_cosine(task.progress, 0.02, 0.1, task.steps)
