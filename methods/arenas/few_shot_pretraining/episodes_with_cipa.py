"""Episodes with CIPA: cosine episodes without mixing and agreement, and means that move with the queries.

What HCT's training is measured against: the same test, and the same episodes with weakly distorted queries.

    loss = CE(16 cos(f, m_c), y),   test as HCT's

Follows the textbook. T is the best of four on the validation episodes.

>>> import torch
>>> from methods.arenas.few_shot_pretraining.stage.transduction import calibrated
>>> (calibrated(torch.tensor([[[[4.0, 0.0]], [[0.0, 9.0]]]])).flatten() * 2 ** 0.5).round().tolist()
[1.0, -1.0, -1.0, 1.0]
"""

import torch.nn.functional as F

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.heads import SCALE, cosines
from methods.arenas.few_shot_pretraining.stage.task import episode_loss, rate_factor
from methods.arenas.few_shot_pretraining.stage.transduction import best_temperature, moved
from methods.kit.method import Card


class EpisodesWithCipa(PretrainingMethod):
    card = Card(title="Episodes with CIPA")
    transductive = True

    rate: float = rate_factor(3.0)

    def step(self, net, task):
        ways, shots, queries = task.split()
        x = task.episode(ways, shots + queries)
        z = net(task.view(x.flatten(0, 1))).unflatten(0, (ways, shots + queries))
        return episode_loss(SCALE * cosines(z[:, shots:], F.normalize(z[:, :shots], dim=2).mean(1)))

    def fit(self, task):
        net = super().fit(task)
        task.settle(net)
        asked, y = task.practice(net)
        self.temperature = best_temperature(asked.query, asked.support, y)
        return net

    def classify(self, asked, task):
        return moved(asked.query, asked.support, self.temperature)
