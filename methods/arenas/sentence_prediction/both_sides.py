"""Both sides, an upper bound: the mean of the sentence before and of the one that comes after.

    y = (x_n-1 + x_n+1) / 2

>>> BothSides.sees_beyond
True
"""

from methods.arenas.sentence_prediction.arena import SentencePredictionMethod
from methods.kit.method import Card


class BothSides(SentencePredictionMethod):
    card = Card(title="Both sides (upper bound)")
    sees_beyond = True

    def predict(self, net, context, beyond, task):
        return (context[:, -1] + beyond) / 2
