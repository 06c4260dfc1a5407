"""Prototypical network: train on episodes like those of the test.

Each step is an episode of base kinds: a kind stands for by the mean of its given drawings, and a query's squared
distances to these means are its logits, with no temperature. The test does the same.

    m_c = mean of the S given drawings f(x),   loss = CE(-|f(x) - m_c|^2, y)

Departs from the paper: training episodes have as many given drawings a kind as the test, but only as many kinds as fit
into the batch, fewer than the test (the paper's have more). Network, views and optimiser are the arena's.

>>> import torch
>>> from methods.arenas.few_shot_pretraining.stage.task import episode_loss, squared_distances
>>> z = torch.tensor([[[0.0], [1.0]], [[3.0], [3.0]]])                # two kinds; first drawing given, second asked
>>> round(episode_loss(-squared_distances(z[:, 1:], z[:, :1].mean(1))).item(), 4)    # (log(1 + e^-3) + log(1 + e^-9))/2
0.0244
"""

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.task import episode_loss, rate_factor, squared_distances
from methods.kit.method import Card, Paper


class ProtoNet(PretrainingMethod):
    card = Card(
        title="Prototypical network",
        papers=(Paper("Prototypical Networks for Few-shot Learning", 2017, arxiv="1703.05175"),),
        fidelity="faithful",
    )

    rate: float = rate_factor(3.0)

    def step(self, net, task):
        ways, shots, queries = task.split()
        x = task.episode(ways, shots + queries)
        z = net(task.view(x.flatten(0, 1))).unflatten(0, (ways, shots + queries))
        return episode_loss(-squared_distances(z[:, shots:], z[:, :shots].mean(1)))

    def classify(self, asked, task):
        return -squared_distances(asked.query, asked.support.mean(2))
