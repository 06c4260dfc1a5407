"""Dense: one feed-forward part of as many hidden units as a piece may use.

    y = W_out gelu(W_rise x),   for every piece the same

It is what mixtures are compared with at equal computing. Where a dense model is given it trains on; where specialists
are given, from the seed.

>>> from methods.kit.lm_nets import Feed
>>> sum(p.numel() for p in Feed(32, 128).parameters())
8352
"""

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.kit.method import Card


class Dense(MixtureMethod):
    card = Card(title="Dense")

    def build(self, task):
        return task.net()
