"""Exposed: a bound, which has read texts of the unlike kind.

    s(x) = log p_normal(x) - log p_unlike(x),   each of a model from scratch

A bound: nobody else knows what is to be found.

>>> Exposed.sees_unlike
True
"""

from methods.arenas.text_novelty.arena import TextNoveltyMethod
from methods.arenas.text_novelty.stage.task import likelihood
from methods.kit.method import Card


class Exposed(TextNoveltyMethod):
    card = Card(title="Has read both kinds")
    sees_unlike = True

    def fit(self, task):
        self.normal, self.unlike = task.learn(task.fresh()), task.learn(task.fresh(), task.unlike)

    def score(self, windows, task):
        return likelihood(self.normal, windows) - likelihood(self.unlike, windows)
