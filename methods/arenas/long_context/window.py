"""Window: every place sees the last 64, as many as a training text had.

    softmax(R_t q_t . R_s k_s / sqrt d) v_s over t - 64 < s <= t

What LM-Infinite adds its first places to.
"""

from methods.arenas.long_context.arena import LongContextMethod
from methods.arenas.long_context.stage.reading import causal, places, turned
from methods.kit.method import Card


class Window(LongContextMethod):
    """
    >>> import torch
    >>> from methods.arenas.long_context.stage.reading import Scene
    >>> scene = Scene(2, 10_000.0, torch.Generator())
    >>> _ = Window().attend(*torch.ones(3, 1, 1, 4, 2), scene)
    >>> scene.pairs
    7.0
    """

    card = Card(title="Sliding window")

    def attend(self, q, k, v, scene):
        q, k = turned(q, places(q), scene.base), turned(k, places(k), scene.base)
        return causal(q, k, v, scene, reach=scene.trained)
