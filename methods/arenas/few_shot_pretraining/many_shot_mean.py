"""Many-shot mean: the cosine classifier's network, and the mean of all other drawings of each kind.

Seventy drawings of each kind in place of a few: what a mean can tell at most, with the reference's network. The upper
end of this arena, not a contestant.

Follows the textbook.
"""

import torch.nn.functional as F

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.heads import Named
from methods.arenas.few_shot_pretraining.stage.task import rate_factor
from methods.kit.method import Card


class ManyShotMean(PretrainingMethod):
    card = Card(title="Many-shot mean (upper bound)")
    sees_many = True

    rate: float = rate_factor(3.0)

    def fit(self, task):
        net = Named(task)
        task.train(net, lambda: self.step(net, task), counted=net.encoder, rate=self.rate)
        return net.encoder

    def step(self, net, task):
        rows = task.draw(task.batch)
        return F.cross_entropy(net(task.view(task.pictures[rows])), task.labels[rows])

    def classify(self, asked, task):
        return task.unit(asked.query) @ F.normalize(task.unit(asked.many), dim=2).transpose(1, 2)
