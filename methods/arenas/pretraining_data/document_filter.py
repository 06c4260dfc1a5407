"""Document filter: what a small rule, taught by annotated passages, takes for spoilt is dropped whole.

    p(good | x) = sigmoid(w . [mean, deviation over parts of (states, loss)] + b);   S = random rows with p >= 1/2

Follows the textbook.

>>> [p >= 0.5 for p in (0.2, 0.9)]
[False, True]
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.labelled import Editor
from methods.kit.method import Card


class DocumentFilter(PretrainingDataMethod):
    card = Card(title="Document filter")

    def rewrite(self, pool, task):
        self.whole, _ = Editor(task).chances(task, pool)
        return pool

    def choose(self, task):
        return task.random(task.now, (self.whole >= 0.5).nonzero()[:, 0])
