"""Knowledge neurons: integrated gradients of each unit on its own.

A unit's value goes from off to what it is while all others follow, and the slopes on the way are summed.

    s_u = a_u * 1/m sum_{k=1..m} dF(k a_u / m) / da_u

Departs from the paper: units are ranked over several examples at once, without the later filter by shared prompts; m is
10 instead of 20.

>>> steps(4)
[0.25, 0.5, 0.75, 1.0]
"""

from methods.arenas.component_attribution.arena import ComponentAttributionMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def steps(m):
    """Scales at which the slope is taken."""
    return [k / m for k in range(1, m + 1)]


class KnowledgeNeurons(ComponentAttributionMethod):
    card = Card(
        title="Knowledge neurons: one unit at a time",
        papers=(Paper("Knowledge Neurons in Pretrained Transformers", 2021, arxiv="2104.08696"),),
        fidelity="core",
        claims=(Beats("activation", on="damage"), Beats("random-units", on="damage"),),
    )

    m: int = param(10, "steps of the sum", low=1, high=50)

    def rank(self, circuit):
        return sum(circuit.slopes(circuit.each(), at) for at in steps(self.m)) / self.m
