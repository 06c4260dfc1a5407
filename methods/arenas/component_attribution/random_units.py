"""Random units: any order.

    s_u drawn evenly

Follows the textbook.

>>> RandomUnits.slug()
'random-units'
"""

import torch

from methods.arenas.component_attribution.arena import ComponentAttributionMethod
from methods.kit.method import Card


class RandomUnits(ComponentAttributionMethod):
    card = Card(title="Random units")

    def rank(self, circuit):
        return torch.rand(circuit.units, device=circuit.layer.device)
