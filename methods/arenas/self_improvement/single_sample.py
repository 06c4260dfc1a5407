"""Single sample: say what the model says, drawn once.

    y ~ p(y | x);   confidence log p(y | x)

Follows the textbook.

>>> SingleSample().improve("net", None)
'net'
"""

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.kit.method import Card


class SingleSample(SelfImprovementMethod):
    card = Card(title="Single sample")
