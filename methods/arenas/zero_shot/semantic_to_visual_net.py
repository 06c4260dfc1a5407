"""Semantic-to-visual network: a kind's vector is taken to its drawings by a network of two layers.

    loss = |phi(s_y) - x|^2 / D + 0.5e-4 |weights|^2,   D features,   score_c(x) = -|phi(s_c) - x|^2

Departs from the paper: names alone, by a sentence encoder, no second source; the last layer has no rectifier, as
features may be negative. The rate is the best of three (0.001, 0.003, 0.01) on seeds 100 to 102.

>>> import torch
>>> from methods.arenas.zero_shot.stage.nets import layers
>>> phi = layers(1, 1, 1)
>>> for p, v in zip(phi.parameters(), (2.0, -1.0, 3.0, 0.5), strict=True): _ = p.data.fill_(v)
>>> phi(torch.tensor([[1.0], [0.0]])).flatten().tolist()                             # 3 (2 - 1) + 0.5; the unit is off
[3.5, 0.5]
"""

from methods.arenas.zero_shot.stage.nets import MappedMeanings
from methods.kit.method import Card, Paper


class SemanticToVisualNet(MappedMeanings):
    card = Card(
        title="Semantic-to-visual network",
        papers=(Paper("Learning a Deep Embedding Model for Zero-Shot Learning", 2017, arxiv="1611.05088"),),
        fidelity="core",
    )
