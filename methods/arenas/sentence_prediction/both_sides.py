"""Both sides, an upper bound: a linear map that sees what comes after the sentence as well.

    y = W [x_n-8; ...; x_n-1; x_n+1]

>>> BothSides.sees_beyond
True
"""

import torch

from methods.arenas.sentence_prediction.arena import SentencePredictionMethod
from methods.arenas.sentence_prediction.stage.maps import ridge
from methods.kit.method import Card


class BothSides(SentencePredictionMethod):
    card = Card(title="Both sides (upper bound)")
    sees_beyond = True

    def predict(self, net, context, beyond, task):
        known = torch.cat([task.known[:, :-1].flatten(1), task.beyond], 1)
        return torch.cat([context.flatten(1), beyond], 1) @ ridge(known, task.known[:, -1])
