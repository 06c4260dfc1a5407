"""N-gram classifier: keep what looks most like the clean sample, by pieces and pairs of pieces.

    log p(sample | x) / p(pool | x) = w . sqrt(counts(x)) + b,   S = top rows

Logistic regression of the sample against four times as many random passages of the pool, both of equal weight.

Follows the textbook.

>>> round(4 ** 0.5)
2
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.task import gram_classifier, top
from methods.kit.method import Card


class NgramClassifier(PretrainingDataMethod):
    card = Card(title="N-gram classifier")

    def choose(self, task):
        return top(gram_classifier(task, task.sample, task.pool[task.random(4 * len(task.sample))]), task.now)
