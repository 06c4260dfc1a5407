"""Vanilla: the model as it is, its positions growing past all it has seen.

    softmax(R_t q_t . R_s k_s / sqrt d) v_s over all s <= t,   R_t turns by t

Where the model knows long texts, this is exact attention.

>>> import torch
>>> from methods.arenas.long_context.stage.reading import Scene
>>> scene = Scene(64, 10_000.0, torch.Generator())
>>> _ = Vanilla().attend(*torch.ones(3, 1, 1, 4, 2), scene)
>>> scene.pairs                                                           # 1 + 2 + 3 + 4
10.0
"""

from methods.arenas.long_context.arena import LongContextMethod
from methods.kit.method import Card


class Vanilla(LongContextMethod):
    card = Card(title="Plain attention")
