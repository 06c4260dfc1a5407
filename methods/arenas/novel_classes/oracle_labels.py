"""Oracle labels: the names of the heap are known while training.

How well the network tells the kinds when somebody has named them. The upper end of this arena, not a contestant.
"""

import torch

from methods.arenas.novel_classes.arena import NovelClassesMethod
from methods.arenas.novel_classes.stage.nets import TAU
from methods.kit.method import Card


class OracleLabels(NovelClassesMethod):
    card = Card(title="Names of the heap known (upper bound)")
    sees_names = True
    named_first = 0.0

    def loss(self, net, batch, task):
        z = net(torch.cat([batch.x, batch.x2, batch.u, batch.u2]))
        y = torch.cat([batch.y.repeat(2), batch.u_y.repeat(2)])
        return torch.nn.functional.cross_entropy(net.both(z) / TAU, y)
