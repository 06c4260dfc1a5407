"""Sampled columns: HyperAttention without sorting, as many keys drawn at random as it compares in all.

    numerator and denominator = n / m * those of m drawn keys

Tells what sorting gives: the pairs are as many.
"""

from methods.arenas.long_context.arena import LongContextMethod
from methods.arenas.long_context.stage.hashed import halved
from methods.arenas.long_context.stage.reading import places, turned
from methods.kit.method import Card


class SampledColumns(LongContextMethod):
    """
    >>> import torch
    >>> from methods.arenas.long_context.stage.reading import Scene
    >>> scene = Scene(64, 10_000.0, torch.Generator().manual_seed(0))
    >>> _ = SampledColumns().attend(*torch.ones(3, 1, 1, 128, 2), scene)
    >>> scene.pairs                                                     # 2 * 64 * 65 / 2 + 64 * 32
    6208.0
    """

    card = Card(title="Sampled columns")

    def attend(self, q, k, v, scene):
        q, k = turned(q, places(q), scene.base) / q.shape[-1] ** 0.5, turned(k, places(k), scene.base)
        return halved(q, k, v, 64, 0, 32, scene)[0]
