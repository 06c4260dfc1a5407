"""Fixed mix: a batch is of pairs of verses with a fixed probability, else of plain text.

    L = - mean log p(y_t | x, y_<t) with probability lam, else - mean log p(x_t | x_<t)

x is a verse in English and y the same in Portuguese, each behind the piece of its language.

Follows the textbook.

>>> FixedMix.params["lam"].default
0.5
"""

from methods.arenas.causal_pretraining.arena import CausalPretrainingMethod
from methods.arenas.causal_pretraining.stage.task import Batch
from methods.kit.method import Card
from methods.kit.params import param


class FixedMix(CausalPretrainingMethod):
    card = Card(title="Fixed mix of text and pairs",
                waivers={"knob:lam": "there are no pairs but in the setting of two languages"})

    lam: float = param(0.5, "how often a batch is of pairs", low=0.0, high=1.0)

    def batch(self, task):
        if len(task.pairs) and float(task.lots(1)) < self.lam:
            return Batch(task.draw(task.pairs), task.pair_first)
        return super().batch(task)
