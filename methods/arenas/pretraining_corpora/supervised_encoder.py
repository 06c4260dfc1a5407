"""Supervised encoder, an upper bound: trained on the classes of a thousand windows, which nobody else sees.

    L = mean over words of CE(W h, class),   h of a word's last unit

>>> SupervisedEncoder.sees_labels
True
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Card

NONE = -1


class SupervisedEncoder(PretrainingCorporaMethod):
    card = Card(title="Supervised encoder (upper bound)")
    sees_labels = True

    def prepare(self, task):
        windows, labels = task.told
        self.text = task.units.stream(windows)
        self.classes = torch.full_like(self.text.ids, NONE)
        self.classes[self.text.last.clamp(min=0)] = labels.flatten()
        net = task.blank(task.units.pieces)
        task.add("head", nn.Linear(net.width, int(labels.max()) + 1))
        return net

    def loss(self, net, task):
        rows = len(self.text.ids) // task.length
        ids, classes = (values[:rows * task.length].view(rows, -1) for values in (self.text.ids, self.classes))
        chosen = (task.lots(task.size) * rows).long()
        logits = task.parts["head"](net.norm(net.states(ids[chosen])[-1]))
        return F.cross_entropy(logits.flatten(0, 1), classes[chosen].flatten(), ignore_index=NONE)
