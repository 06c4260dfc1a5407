"""Random state space: a diagonal state space whose damping and pace begin at random.

    K_t = 2 Re sum_n C_n (exp(dt A_n) - 1) / A_n exp(dt A_n t),   -Re A uniform in 0..1, Im A in 0..8 pi

After pretraining on the task's own inputs, says the paper, a start set by a formula is no longer needed.

Departs from the paper: eight waves a channel; digits as rows of dots stand for its long sequences; foretelling the next
dot is the pretraining.

>>> import torch
>>> from methods.arenas.sequence_mixers.stage.nets import Site
>>> from methods.arenas.sequence_mixers.stage.spaces import Waves
>>> bool((Waves(Site(4, 1, 0, 2, 64, 16), structured=False).pace < 25.14).all())
True
"""

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.arenas.sequence_mixers.stage.spaces import Waves
from methods.kit.method import Card, Matches, Paper


class RandomStateSpace(SequenceMixersMethod):
    card = Card(
        title="State space with a random start",
        papers=(Paper("Never Train from Scratch: Fair Comparison of Long-Sequence Models Requires Data-Driven Priors",
                      2023, arxiv="2310.02980"),),
        fidelity="core",
        claims=(Matches("diagonal-state-space", on="bits", within=0.1, setting="pixels-pretrained"),),
    )

    def mixer(self, site):
        return Waves(site, structured=False)
