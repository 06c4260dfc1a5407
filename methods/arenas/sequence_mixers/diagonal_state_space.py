"""Diagonal state space: every channel sums damped waves of all that came before, their start set by a formula.

    K_t = 2 Re sum_n C_n (exp(dt A_n) - 1) / A_n exp(dt A_n t),   A_n = -1/2 + i pi n;   y = GELU(K * u + D u)

Departs from the paper: eight waves a channel, not 32 (64 states, in pairs); one map after it, no gated one; a block's
mixer beside feed-forward parts.

>>> import torch
>>> from methods.arenas.sequence_mixers.stage.nets import Site
>>> from methods.arenas.sequence_mixers.stage.spaces import Waves
>>> layer = Waves(Site(4, 1, 0, 2, 64, 16), structured=True)
>>> [round(value, 4) for value in layer.pace[0, :3].tolist()], round(layer.damping.exp()[0, 0].item(), 2)
([0.0, 3.1416, 6.2832], 0.5)
"""

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.arenas.sequence_mixers.stage.spaces import Waves
from methods.kit.method import Beats, Card, Paper


class DiagonalStateSpace(SequenceMixersMethod):
    card = Card(
        title="Diagonal state space (S4D)",
        papers=(Paper("On the Parameterization and Initialization of Diagonal State Space Models", 2022,
                      arxiv="2206.11893"),),
        fidelity="core",
        claims=(Beats("random-state-space", on="bits", setting="pixels"),
                Beats("softmax-attention", on="bits", setting="pixels")),
    )

    def mixer(self, site):
        return Waves(site, structured=True)
