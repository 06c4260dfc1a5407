"""Activation: units that differ most from their being off.

    s_u = mean over examples of |a_u - a_u,off|

Follows the textbook.

>>> Activation.slug()
'activation'
"""

from methods.arenas.component_attribution.arena import ComponentAttributionMethod
from methods.kit.method import Card


class Activation(ComponentAttributionMethod):
    card = Card(title="Largest activation")

    def rank(self, circuit):
        return circuit.size()
