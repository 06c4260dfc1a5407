"""Position interpolation: positions are squeezed so that the last is one the model knows.

    R turns by t * 64 / T in place of t

Departs from the paper: without the fine-tuning that it recommends after it.

>>> import torch
>>> from methods.arenas.long_context.stage.reading import places
>>> (places(torch.zeros(1, 4, 2)) * 2 / 4).tolist()                       # four places where two were trained
[0.0, 0.5, 1.0, 1.5]
"""

from methods.arenas.long_context.arena import LongContextMethod
from methods.arenas.long_context.stage.reading import causal, places, turned
from methods.kit.method import Beats, Card, Paper


class PositionInterpolation(LongContextMethod):
    card = Card(
        title="Position interpolation",
        papers=(Paper("Extending Context Window of Large Language Models via Positional Interpolation", 2023,
                      arxiv="2306.15595"),),
        fidelity="core",
        claims=(Beats("vanilla", on="tail_bpb"),),
    )

    def attend(self, q, k, v, scene):
        at = places(q) * min(1.0, scene.trained / q.shape[2])
        return causal(turned(q, at, scene.base), turned(k, at, scene.base), v, scene)
