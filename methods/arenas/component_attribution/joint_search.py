"""Joint search: layer by layer, the unit without which, and without those before, most is lost.

    s_u = F - F(path and u off),   for the units of one layer after another

Follows the textbook.

>>> JointSearch.slug()
'joint-search'
"""

import torch

from methods.arenas.component_attribution.arena import ComponentAttributionMethod
from methods.kit.method import Card


class JointSearch(ComponentAttributionMethod):
    card = Card(title="Greedy joint ablation")

    def rank(self, circuit):
        path = torch.zeros(circuit.units, dtype=torch.bool, device=circuit.layer.device)
        scores = torch.zeros(circuit.units, device=circuit.layer.device)
        for layer in circuit.layer.unique():
            units = (circuit.layer == layer).nonzero().squeeze(1)
            cases = path.repeat(len(units), 1)
            cases[torch.arange(len(units)), units] = True
            scores[units] = circuit.whole() - circuit.off(cases)
            path[units[scores[units].argmax()]] = True
        return scores + path * (1 + scores.max() - scores.min())
