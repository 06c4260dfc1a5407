"""Temperature sampling: between natural and even shares.

    p_s ~ N_s^(1 / T),   T = 2

Follows the textbook.

>>> [round(n ** 0.5) for n in (4, 16)]
[2, 4]
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.method import Card
from methods.kit.params import param


class TemperatureSampling(DataMixingMethod):
    card = Card(title="Temperature sampling", reduces_to=("natural-shares", {"temperature": 1.0}))

    temperature: float = param(2.0, "1: natural shares; the higher, the more even", low=1.0, high=100.0)

    def mixture(self, task):
        return task.shares if self.temperature == 1 else (task.shares.log() / self.temperature).softmax(0)
