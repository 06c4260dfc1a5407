"""SPTNet: learn what to add to the picture and the network in turn.

Dots on the frame of every patch of the picture, and on the frame of the whole, are parameters that are added to all
pictures. For some steps they are learnt and the network stays; for as many the network is learnt on two views, the
picture as it is and with the frames. The loss is SimGCD's all the time.

    odd turns:  frames <- frames - rate * grad L(x + frames, x' + frames),   even turns:  net by L(x, x + frames)

Departs from the paper: it begins with half of SimGCD's steps where the paper begins with a network that SimGCD has
trained to the end; patches are of a quarter of the side, so that the outer frame is those of the outer
patches; frames begin at a tenth of the paper's size and are learnt by AdamW at the network's rate; turns last five
steps, where the authors' last twenty; the entropy's weight is SimGCD's 2, where the authors take 1 for all data but
birds. Asked are pictures with frames, as in the authors' code.

>>> import torch
>>> frames(4, 2).int().tolist()                                       # patches of two dots are all frame
[[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]
>>> int(frames(8, 4).sum())                                           # four patches of 4 x 4, twelve of 16 dots each
48
"""

import torch
from torch import nn

from methods.arenas.novel_classes.arena import NovelClassesMethod
from methods.arenas.novel_classes.stage.parametric import projector, whole
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def frames(side, patch):
    """(side, side), 1 on the frames of patches and of the whole."""
    place = torch.arange(side)
    edge = (place % patch == 0) | (place % patch == patch - 1) | (place == 0) | (place == side - 1)
    return (edge[:, None] | edge[None]).float()


class SptNet(NovelClassesMethod):
    card = Card(
        title="SPTNet",
        papers=(Paper("SPTNet: An Efficient Alternative Framework for Generalized Category Discovery with Spatial "
                      "Prompt Tuning", 2024, arxiv="2403.13684"),),
        fidelity="core",
        claims=(Beats("sim-gcd", on="accuracy", setting="generalized"),),
    )

    spread: float = param(2.0, "weight of the entropy of the mean answer", low=0.0, high=10.0)
    turn: int = param(5, "steps before frames and network change places", low=1, high=100)

    def fit(self, task):
        net = task.pretrain(task.network(), self.named_first)
        head = projector(net.width).to(task.x.device)
        mask = frames(task.side, max(2, task.side // 4)).flatten().to(task.x.device)
        self.added = nn.Parameter(0.1 * torch.randn(len(mask), device=task.x.device))
        learnt, self.mask, left = [*net.parameters(), *head.parameters()], mask, 1 - self.named_first
        steps = [0]

        def first(batch):
            return whole(net, head, torch.cat([batch.x, batch.u]), torch.cat([batch.x2, batch.u2]), batch.y, task,
                         self.spread)

        def loss(batch):
            x, x2 = torch.cat([batch.x, batch.u]), torch.cat([batch.x2, batch.u2])
            framing = (steps[0] // self.turn) % 2 == 0
            steps[0] += 1
            for p in learnt:
                p.requires_grad_(not framing)
            self.added.requires_grad_(framing)
            shown = self.added * mask
            views = (x + shown, x2 + shown) if framing else (x, x + shown)
            return whole(net, head, *views, batch.y, task, self.spread)

        task.train(net, first, left / 2, learnt)
        return task.train(net, loss, left / 2, [*learnt, self.added])

    def sort(self, net, task):
        return net.both(net(task.heap + self.added * self.mask)).argmax(1) if task.mixed else net.novel(
            net(task.heap + self.added * self.mask)).argmax(1)
