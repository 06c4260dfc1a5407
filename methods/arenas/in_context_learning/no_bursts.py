"""No bursts: prompts whose pairs are never of the queries' clusters.

    y dealt anew in each prompt; pairs of other clusters; L = - log p(y_q | pairs, x_q)

What SINC is compared with: nothing can be learnt from such a context.

>>> NoBursts().burst
0.0
"""

from methods.arenas.in_context_learning.stage.pseudo import Pseudo
from methods.kit.method import Card


class NoBursts(Pseudo):
    card = Card(title="No bursts")
    burst = 0.0
