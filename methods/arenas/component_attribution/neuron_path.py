"""NeuronPath: a path of one unit a layer, found by joint integrated gradients.

Layer by layer the unit is added that makes the path's joint influence largest: the units of the path are scaled
together from off to what they are, and the slopes along the way, each times its unit's value, are summed.

    JAS(w_1, ..., w_l) = sum_i w_i 1/m sum_{k=1..m} dF(k w_1 / m, ..., k w_l / m) / dw_i

Departs from the paper: a network of plain layers in place of a vision transformer, a path for all pictures of a set and
not for each; in `heads` the three first units are asked for, which are the path's. m is 5, there 20. The authors' code
multiplies the sum of the slopes by the sum of the values, here each slope by its own value; and it scales all units of
the last layer at once, here only the candidate with the path.

>>> import torch
>>> joined(torch.tensor([True, False, False]), torch.tensor([1, 2])).tolist()           # the path and each candidate
[[True, True, False], [True, False, True]]
"""

import torch

from methods.arenas.component_attribution.arena import ComponentAttributionMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def joined(path, candidates):
    """(C, U) the path with each candidate."""
    cases = path.repeat(len(candidates), 1)
    cases[torch.arange(len(candidates)), candidates] = True
    return cases


class NeuronPath(ComponentAttributionMethod):
    card = Card(
        title="NeuronPath",
        papers=(Paper("Discovering Influential Neuron Path in Vision Transformers", 2025, arxiv="2503.09046"),),
        fidelity="core",
        claims=(Beats("activation", on="damage"), Beats("knowledge-neurons", on="damage"),
                Beats("activation", on="gain"), Beats("random-units", on="overlap"),),
    )

    m: int = param(5, "steps of the sum", low=1, high=20)

    def rank(self, circuit):
        path = torch.zeros(circuit.units, dtype=torch.bool, device=circuit.layer.device)
        scores = torch.zeros(circuit.units, device=circuit.layer.device)
        for layer in circuit.layer.unique():
            candidates = (circuit.layer == layer).nonzero().squeeze(1)
            cases = joined(path, candidates)
            influence = sum(circuit.slopes(cases, k / self.m) for k in range(1, self.m + 1)) / self.m
            path[candidates[influence.argmax()]] = True
            scores[candidates] = influence
        return scores + path * (1 + scores.max() - scores.min())
