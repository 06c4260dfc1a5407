"""Learned softmax: go on from the previous model's weights, with a classifier that learns too.

Known kinds keep their rows of the classifier to start from. Where the network is replaced it starts anew.

Follows the textbook.
"""

import torch
from torch import nn

from methods.arenas.compatible_embeddings.arena import CompatibleMethod
from methods.kit.method import Card


class LearnedSoftmax(CompatibleMethod):
    card = Card(title="Learned softmax")

    def network(self, task):
        return task.last_network()

    def classifier(self, task):
        layer = nn.Linear(task.features, task.kinds)
        if task.old is not None:
            with torch.no_grad():
                layer.weight[:task.old_kinds] = task.old_classifier.weight.cpu()
                layer.bias[:task.old_kinds] = task.old_classifier.bias.cpu()
        return layer
