"""Masked language model from random weights: what methods that begin so are compared with.

    L = - mean over 15 % chosen t of log p(x_t | x~),   theta from theta_random, at twice the rate

>>> MaskedLanguageModelScratch.rate_factor
2.0
"""

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.kit.method import Card


class MaskedLanguageModelScratch(EncoderPretrainingMethod):
    card = Card(title="Masked language model from random weights")
    rate_factor = 2.0

    def prepare(self, task):
        return task.blank()

    def loss(self, net, task):
        ids = task.draw()
        chosen = task.choose(ids, 0.15)
        return guessed(net, net(task.damaged(ids, chosen)), ids, chosen)
