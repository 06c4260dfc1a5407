"""Separate models: a dense model for each field, which reads that field's windows alone.

Each is told the field of what is asked, and reads its share of all windows. Where specialists are given, each field
goes on with its own.
"""

from copy import deepcopy

import torch
from torch import nn

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.arenas.mixture_of_experts.stage.task import nats
from methods.kit.method import Card


class SeparateModels(MixtureMethod):
    card = Card(title="Separate models")
    told = True

    def build(self, task):
        nets = task.specialists or [task.net() for _ in range(len(task.vectors))]
        return nn.ModuleList([deepcopy(net).requires_grad_(True) for net in nets])

    def grow(self, net, specialist, task):
        net.append(deepcopy(specialist).requires_grad_(True))
        return net

    def loss(self, net, windows, fields, task):
        return sum(nats(net[i](part[:, :-1].long()), part).sum() for i in range(len(net))
                   if len(part := windows[fields == i])) / windows[:, 1:].numel()

    def logits(self, net, ids, fields, task):
        said = torch.empty(*ids.shape, net[0].embed.num_embeddings, device=ids.device)
        for i in fields.unique().tolist():
            said[fields == i] = net[i](ids[fields == i])
        return said
