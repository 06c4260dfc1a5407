"""Dense, all weights: every piece uses all hidden units that experts together may have.

Several times the computing of all others, and so an upper bound. Where a dense model is given, its units are kept and
the others begin by writing nothing.
"""

import torch

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.arenas.mixture_of_experts.stage.task import Feed, feeds
from methods.kit.method import Card


class DenseTotal(MixtureMethod):
    card = Card(title="Dense, all weights")

    def build(self, task):
        net = task.net()
        for block, old in zip(net.blocks, feeds(net), strict=True):
            wide = Feed(net.width, task.total).to(net.embed.weight.device)
            torch.nn.init.normal_(wide.rise.weight, std=0.05)
            torch.nn.init.normal_(wide.out.weight, std=0.02 / 2**0.5)
            for bias in (wide.rise.bias, wide.out.bias):
                torch.nn.init.zeros_(bias)
            if task.seed:
                with torch.no_grad():
                    wide.out.weight.zero_()
                    many = len(old.rise.bias)
                    wide.rise.weight[:many], wide.rise.bias[:many] = old.rise.weight, old.rise.bias
                    wide.out.weight[:, :many], wide.out.bias[:] = old.out.weight, old.out.bias
            block.feed = wide
        return net
