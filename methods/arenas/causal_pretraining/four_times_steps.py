"""Four times the steps, an upper bound: plain text for 640 steps where others have 160.

    L = - mean over t of log p(x_t | x_<t)

>>> FourTimesSteps().steps(160)
640
"""

from methods.arenas.causal_pretraining.arena import CausalPretrainingMethod
from methods.kit.method import Card


class FourTimesSteps(CausalPretrainingMethod):
    card = Card(title="Four times the steps (upper bound)")

    def steps(self, whole):
        return 4 * whole
