"""Greedy decoding: the likeliest piece each time.

    y_i = argmax_v p(v | x, y_<i);   confidence log p(y | x)

Follows the textbook.

>>> from math import log
>>> round(log(0.6) + log(0.5), 4)        # two pieces
-1.204
"""

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.kit.method import Card


class Greedy(SelfImprovementMethod):
    card = Card(title="Greedy decoding")

    def answer(self, net, asked, task):
        said, log_p = task.sample(net, asked, temperature=0.0)
        return said[:, 0], log_p[:, 0]
