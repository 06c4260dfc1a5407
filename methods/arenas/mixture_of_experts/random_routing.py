"""Random routing: an expert is drawn by lot for each piece, at every pass anew.

Weights that are many, without anyone to say which are for what.
"""

import torch

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.kit.method import Card


class RandomRouting(MixtureMethod):
    card = Card(title="Random routing")

    def gate(self, layer, x):
        index = torch.randint(layer.many, (len(x), 1), device=x.device)
        return torch.full_like(layer.logits, 1 / layer.many), torch.ones_like(x[:, :1]), index
