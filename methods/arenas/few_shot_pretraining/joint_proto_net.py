"""Joint prototypical network: episodes of both looks, with one set of batch norms.

Steps take turns: an episode of base kinds, and one of the few drawings of other kinds in the look of the test. What
DAFOS-Net has besides (norms of their own, made-up drawings, a network that rejects, aligned means) is left out.

    loss = CE(-|f(x) - m_c|^2, y),   of an episode of base kinds, then one of other kinds, again

Follows the textbook. In the test batch norms have the statistics of the few drawings in its look.

>>> import torch
>>> from methods.arenas.few_shot_pretraining.stage.task import squared_distances
>>> squared_distances(torch.tensor([[1.0]]), torch.tensor([[0.0], [3.0]])).tolist()
[[1.0, 4.0]]
"""

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.task import episode_loss, rate_factor, squared_distances
from methods.kit.method import Card


class JointProtoNet(PretrainingMethod):
    card = Card(title="Prototypical network on both looks")

    rate: float = rate_factor(3.0)

    def fit(self, task):
        self.turn = 0
        return super().fit(task)

    def step(self, net, task):
        ways, shots, queries = task.split()
        other, self.turn = self.turn % 2 == 1, self.turn + 1
        x = task.episode(ways, shots + queries, other=other)
        z = net(task.view(x.flatten(0, 1))).unflatten(0, x.shape[:2])
        return episode_loss(-squared_distances(z[:, shots:], z[:, :shots].mean(1)))

    def settle(self, net, task):
        task.settle(net, task.other)

    def classify(self, asked, task):
        return -squared_distances(asked.query, asked.support.mean(2))
