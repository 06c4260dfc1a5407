"""Plain ascent: unlearn each source, keep nothing else, and see how much of the target goes with it.

    step up the loss of source s;   impact_s = rise of the target's loss;   p = softmax(2 impact / its deviation)

Follows the paper of GRACE, which adds what keeps the other sources.

>>> round(3.4 - 3.1, 1)
0.3
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.arenas.data_mixing.stage.unlearning import impacts, mixture_of
from methods.kit.method import Card


class PlainAscent(DataMixingMethod):
    card = Card(title="Plain ascent")

    def prepare(self, task):
        self.weights = mixture_of(impacts(task, others=False))

    def mixture(self, task):
        return self.weights
