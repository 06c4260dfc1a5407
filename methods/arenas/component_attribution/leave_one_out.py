"""Leave one out: switch off every unit, one at a time.

    s_u = F - F(u off)

Follows the textbook.

>>> LeaveOneOut.slug()
'leave-one-out'
"""

from methods.arenas.component_attribution.arena import ComponentAttributionMethod
from methods.kit.method import Card


class LeaveOneOut(ComponentAttributionMethod):
    card = Card(title="Leave one out")

    def rank(self, circuit):
        return circuit.whole() - circuit.off(circuit.each())
