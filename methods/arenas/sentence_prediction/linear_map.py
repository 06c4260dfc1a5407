"""Linear map: least squares from all eight sentences.

    y = W [x_n-8; ...; x_n-1],   W = argmin sum |W x - y|^2 + 10 |W|^2

Follows the textbook.

>>> 8 * 64
512
"""

from methods.arenas.sentence_prediction.arena import SentencePredictionMethod
from methods.arenas.sentence_prediction.stage.maps import ridge
from methods.kit.method import Card


class LinearMap(SentencePredictionMethod):
    card = Card(title="Linear map")

    def predict(self, net, context, beyond, task):
        return context.flatten(1) @ ridge(task.known[:, :-1].flatten(1), task.known[:, -1])
