"""All at once: the tasks of ERNIE 2.0 take turns from the first step on.

    hidden words, order of halves, distance of halves, one a step

What bringing tasks in one after another is compared with.

>>> AllAtOnce().stages
1
"""

from methods.arenas.masked_adaptation.stage.ordered import Ordered
from methods.kit.method import Card


class AllAtOnce(Ordered):
    card = Card(title="All tasks at once")
    stages = 1
