"""Rephrased hard supervision: noisy worked examples, and the same again in other words.

    D = A and A with every word replaced by another of its task, half of the budget each

Follows the textbook.

>>> RephrasedHard.card.title
'Rephrased hard supervision'
"""

import torch

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Card
from methods.kit.params import param


class RephrasedHard(TuningDataMethod):
    card = Card(title="Rephrased hard supervision")

    outcome: float = param(0.3, "share of solutions that end wrongly", low=0.0, high=1.0)
    step: float = param(0.5, "share of those whose first step is wrong as well", low=0.0, high=1.0)

    def make(self, task):
        first = task.hard(max(1, 10 * task.size // 32), self.outcome, self.step)
        outer = task.reworded(first.asked[:, [0, 2, 3, 4, 5, 6]], (1, 2), "outer words")[:, :1]
        inner = task.reworded(first.asked[:, 1:], (1, 2), "inner words")
        return [first.joined(Examples(torch.cat([outer, inner], 1), first.answers))]
