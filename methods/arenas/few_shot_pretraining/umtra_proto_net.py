"""UMTRA with prototypes: unsupervised episodes of few drawings, each with one view.

Drawings without labels that are drawn together are taken for different kinds, and a distorted view of each is its one
query. A test episode asks the nearest mean. What ProtoTransfer adds is a larger episode, several views and tuning.

    loss = CE(-|f(view x_i) - f(x_j)|^2, i) over j = 1..N,   N = 10

Departs from the paper: prototypes in place of MAML's inner steps, as ProtoTransfer's own comparison has it; N is ten
(paper: 5, the kinds of a test episode, of which there are 20 here); network, views and optimiser are the arena's.

>>> import torch
>>> from methods.arenas.few_shot_pretraining.stage.task import episode_loss, squared_distances
>>> z = torch.tensor([[0.0], [3.0]])
>>> round(episode_loss(-squared_distances(z + 1, z).unflatten(0, (2, 1))).item(), 4)  # (log(1+e^-3) + log(1+e^-15)) / 2
0.0243
"""

import torch

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.task import episode_loss, rate_factor, squared_distances
from methods.kit.method import Card, Paper


class UmtraProtoNet(PretrainingMethod):
    card = Card(
        title="UMTRA with prototypes",
        papers=(Paper("Unsupervised Meta-Learning for Few-Shot Image Classification", 2019, arxiv="1811.11819"),),
        fidelity="core",
    )
    uses_labels = False

    rate: float = rate_factor(3.0)

    def step(self, net, task):
        many = min(10, task.batch // 2)
        x = task.pictures[task.draw(many)]
        z = net(torch.cat([x, task.view(x, 1.0)]))
        return episode_loss(-squared_distances(z[many:], z[:many]).unflatten(0, (many, 1)))

    def classify(self, asked, task):
        return -squared_distances(asked.query, asked.support.mean(2))
