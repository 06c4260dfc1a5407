"""Density rule: keep passages whose pieces are long, as running text's are.

    S = top rows by bytes a piece

Follows the textbook of rules that tell text from its surroundings.

>>> len("the cat") / 2 > len("x=") / 2
True
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.task import top
from methods.kit.method import Card


class DensityRule(PretrainingDataMethod):
    card = Card(title="Density rule")

    def choose(self, task):
        return top(task.sizes[task.pool].float().mean(1), task.now)
