"""Single pass: a tenth of the steps, in the small corpus one pass over its text.

    L = - mean over t of log p(x_t | x_<t)

Follows the textbook.

>>> SinglePass().steps(160)
16
"""

from methods.arenas.causal_pretraining.arena import CausalPretrainingMethod
from methods.kit.method import Card


class SinglePass(CausalPretrainingMethod):
    card = Card(title="Single pass")

    def steps(self, whole):
        return whole // 10
