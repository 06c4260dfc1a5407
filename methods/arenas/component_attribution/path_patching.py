"""Path patching: heads that act on the answer directly, and heads that act through those.

A head is made to say what it says on a counterpart, while all other heads keep what they say: what the answer loses, it
loses along the direct path. The two heads that lose most, the movers, are then the receivers: all heads are patched
again, but only what they change in the movers reaches the answer. A head counts by the larger of both, a mover by the
first.

    direct_u = F - F(u <- counterpart, others kept),   via_u = F - F(movers <- what u <- counterpart makes of them)
    s_u = direct_u of movers, max(direct_u, via_u) of others

Departs from the paper: two invented tasks and a network of three layers in place of GPT-2; paths are traced back once
and not to inputs of queries, keys and values apart; loss of the answer counts and not its rise. The repair of a failing
task by setting attention is left out.

>>> import torch
>>> movers(torch.tensor([0.1, 0.9, 0.3]), 2).tolist()
[False, True, True]
"""

import torch

from methods.arenas.component_attribution.arena import ComponentAttributionMethod
from methods.kit.method import Beats, Card, Paper


def movers(direct, many):
    """(U,) the units of the largest direct effect."""
    chosen = torch.zeros_like(direct, dtype=torch.bool)
    chosen[direct.topk(many).indices] = True
    return chosen


class PathPatching(ComponentAttributionMethod):
    card = Card(
        title="Path patching of circuits",
        papers=(Paper("Circuit Component Reuse Across Tasks in Transformer Language Models", 2023,
                      arxiv="2310.08744"),),
        fidelity="core",
        claims=(Beats("random-units", on="damage", setting="heads"),
                Beats("random-units", on="overlap", setting="heads", by=20.0)),
    )

    def rank(self, circuit):
        whole = circuit.whole()
        direct = whole - circuit.off(circuit.each(), frozen=True)
        receivers = movers(direct, 2)
        via = whole - circuit.off(circuit.each(), through=receivers)
        return torch.where(receivers, direct, torch.maximum(direct, via))
