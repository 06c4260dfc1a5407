"""All moves: trained on the moves of all pairs, then tuned like the others.

With labels that nobody else has, and places that turn queries and keys. The upper end of the table, not a contestant.

    loss = mean over quarters of CE(move)

>>> import torch
>>> torch.nn.functional.cross_entropy(torch.zeros(1, 5), torch.tensor([1])).exp().mul(10).round().item()
50.0
"""

import torch.nn.functional as F

from methods.arenas.cross_view_pretraining.arena import CrossViewMethod
from methods.arenas.cross_view_pretraining.stage.nets import Mover
from methods.arenas.cross_view_pretraining.stage.task import rate_factor
from methods.kit.method import Card


class AllMoves(CrossViewMethod):
    card = Card(title="All moves (upper bound)")
    sees_moves = True

    rate: float = rate_factor(1.0)

    def fit(self, task):
        net = Mover(task.reader(True)).to(task.one.device)

        def step():
            logits = net(*task.draw())
            return F.cross_entropy(logits.flatten(0, 1), task.moves[task.rows].flatten())

        task.train(net, net.reader, step, self.rate)
        return net
