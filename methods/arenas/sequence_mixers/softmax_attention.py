"""Softmax attention: each position takes a weighted mean of those before it, by how well key fits query.

    softmax(q k^T / sqrt d) v over positions up to one's own; q and k turn with their position

Departs from the paper: rotary positions, causal alone, one net of the arena's size.

>>> import torch
>>> from methods.arenas.sequence_mixers.stage.nets import Site, Softmax
>>> Softmax(Site(8, 2, 0, 2, 64, 32)).pairs                              # (64 + 1) / 2
32.5
"""

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.arenas.sequence_mixers.stage.nets import Softmax
from methods.kit.method import Card, GainGrows, Paper


class SoftmaxAttention(SequenceMixersMethod):
    card = Card(
        title="Softmax attention",
        papers=(Paper("Attention Is All You Need", 2017, arxiv="1706.03762", covers="the mixer"),
                Paper("Never Train from Scratch: Fair Comparison of Long-Sequence Models Requires Data-Driven Priors",
                      2023, arxiv="2310.02980", covers="that pretraining brings it nearer to state spaces")),
        fidelity="core",
        claims=(GainGrows("diagonal-state-space", on="bits", from_="pixels", to="pixels-pretrained", by=0.05),),
    )

    def mixer(self, site):
        return Softmax(site)
