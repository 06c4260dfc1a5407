"""Random pruning: leave out any 3 % of the hidden units.

    v_i = 0 for units i drawn evenly

Follows the textbook.

>>> from methods.arenas.suppressed_skills.stage.worlds import blank
>>> net = without(blank(0, True), torch.tensor([3]))
>>> net.blocks[0].feed.out.weight[:, 3].abs().sum().item()
0.0
"""

import torch

from methods.arenas.suppressed_skills.arena import SuppressedSkillsMethod
from methods.kit.method import Card
from methods.kit.params import param


def without(net, units):
    """The model without hidden units, numbered over all blocks."""
    width = net.blocks[0].feed.rise.out_features
    with torch.no_grad():
        for unit in units.tolist():
            net.blocks[unit // width].feed.out.weight[:, unit % width] = 0
    return net


class RandomPruning(SuppressedSkillsMethod):
    card = Card(title="Random pruning")

    share: float = param(0.03, "part of the hidden units that are left out", low=0.0, high=0.5)

    def change(self, net, task):
        units = len(net.blocks) * net.blocks[0].feed.rise.out_features
        return without(net, torch.randperm(units, generator=task.trial.generator("units"))[:round(self.share * units)])
