"""Supervised encoder, an upper bound: trained on the word classes of 4,000 windows, which nobody else sees.

    L = mean over all t of CE(W h_t, class of x_t)

>>> SupervisedEncoder.sees_labels
True
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.words import CLASSES
from methods.kit.method import Card


class SupervisedEncoder(EncoderPretrainingMethod):
    card = Card(title="Supervised encoder (upper bound)")
    sees_labels = True

    def prepare(self, task):
        net = task.start()
        task.add("head", nn.Linear(net.width, CLASSES))
        return net

    def loss(self, net, task):
        words, classes = task.told
        rows = (task.lots(task.size) * len(words)).long()
        return F.cross_entropy(task.parts["head"](net.norm(net(words[rows]))).flatten(0, 1), classes[rows].flatten())
