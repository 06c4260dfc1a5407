"""Dynamic NTK: positions turn slower the longer the text, the slowest angles most.

    base <- base (T / 64)^(d / (d - 2))

One base for a whole text, by its length; the fastest angles stay.

>>> round(slower(10_000.0, 512, 64, 16) / 10_000, 3)                      # 8^(16 / 14)
10.767
"""

from methods.arenas.long_context.arena import LongContextMethod
from methods.arenas.long_context.stage.reading import causal, places, turned
from methods.kit.method import Card


def slower(base, length, trained, d):
    return base * max(1.0, length / trained) ** (d / (d - 2))


class DynamicNtk(LongContextMethod):
    card = Card(title="Dynamic NTK")

    def attend(self, q, k, v, scene):
        base = slower(scene.base, q.shape[2], scene.trained, q.shape[3])
        return causal(turned(q, places(q), base), turned(k, places(k), base), v, scene)
