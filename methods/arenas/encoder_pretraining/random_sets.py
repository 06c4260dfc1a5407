"""Random sets: two texts that have nothing to do with each other in one window; masked words look everywhere.

    L = - mean over masked t of log p(x_t | x~),   attention within 8 words, everywhere for and from masks

>>> import torch
>>> local(3, torch.tensor([[False, False, True]]), 0)[0].int().tolist()
[[1, 0, 1], [0, 1, 1], [1, 1, 1]]
"""

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import RANDOM, guessed
from methods.arenas.encoder_pretraining.stage.windows import local
from methods.arenas.encoder_pretraining.stage.words import MASK
from methods.kit.method import Card


class RandomSets(EncoderPretrainingMethod):
    card = Card(title="Random sets")

    def loss(self, net, task):
        ids, _, _ = task.pair((RANDOM,))
        chosen = task.choose(ids, 0.15)
        shown = ids.masked_fill(chosen, MASK)
        return guessed(net, self.states(net, shown)[-1], ids, chosen)

    def states(self, net, ids):
        return net.states(ids, mask=local(ids.shape[1], ids == MASK))
