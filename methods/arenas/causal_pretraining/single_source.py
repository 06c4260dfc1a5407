"""Single source: only novels are read, or the first source that there is.

    L = - mean over t of log p(x_t | x_<t), x of one source

Follows the textbook.

>>> import torch
>>> of_first(torch.tensor([2, 1, 1])).tolist()
[False, True, True]
"""

from methods.arenas.causal_pretraining.arena import CausalPretrainingMethod
from methods.arenas.causal_pretraining.stage.task import Batch
from methods.kit.method import Card


def of_first(source):
    """Which windows are of the first source."""
    return source == source.min()


class SingleSource(CausalPretrainingMethod):
    card = Card(title="Single source")

    def batch(self, task):
        if task.specialising:
            return super().batch(task)
        return Batch(task.draw(task.text[of_first(task.source)]))
