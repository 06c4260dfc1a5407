"""Plain text: windows as they come, with nothing beside them.

    L = - mean over t of log p(x_t | x_<t)

Follows the textbook.

>>> PlainText().steps(160)
160
"""

from methods.arenas.causal_pretraining.arena import CausalPretrainingMethod
from methods.kit.method import Card


class PlainText(CausalPretrainingMethod):
    card = Card(title="Plain text")
