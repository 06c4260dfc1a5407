"""Copy: the last sentence comes again.

    y = x_n-1

Follows the textbook.

>>> [3, 1, 2][-1]
2
"""

from methods.arenas.sentence_prediction.arena import SentencePredictionMethod
from methods.kit.method import Card


class CopyLast(SentencePredictionMethod):
    card = Card(title="Copy the last")

    def predict(self, net, context, beyond, task):
        return context[:, -1]
