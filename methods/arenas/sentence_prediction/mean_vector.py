"""Mean: what was read, on average.

    y = mean of x_<n

Follows the textbook.

>>> (1 + 3) / 2
2.0
"""

from methods.arenas.sentence_prediction.arena import SentencePredictionMethod
from methods.kit.method import Card


class MeanVector(SentencePredictionMethod):
    card = Card(title="Mean of the context")

    def predict(self, net, context, beyond, task):
        return context.mean(1)
