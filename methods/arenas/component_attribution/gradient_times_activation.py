"""Gradient times activation: a first guess of what is lost without a unit.

For heads, with another prompt's values for being off, this is attribution patching.

    s_u = (a_u - a_u,off) . dF / da_u

Follows the textbook.

>>> GradientTimesActivation.slug()
'gradient-times-activation'
"""

from methods.arenas.component_attribution.arena import ComponentAttributionMethod
from methods.kit.method import Card


class GradientTimesActivation(ComponentAttributionMethod):
    card = Card(title="Gradient times activation")

    def rank(self, circuit):
        return circuit.slopes(circuit.each(), 1.0)
