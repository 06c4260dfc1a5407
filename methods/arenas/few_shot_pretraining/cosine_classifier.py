"""Cosine classifier: learn to name the base kinds, then compare with the mean of the few drawings.

The network and one vector a base kind are trained together, by cross-entropy on scaled cosines; the vectors are thrown
away. The reference of this arena.

    loss = CE(16 cos(f(x), w_c), y),   then  argmin_c |f(x) - m_c|^2,  f centred by base drawings and of length one

Follows the textbook. The scale is ours.

>>> import torch
>>> from methods.arenas.few_shot_pretraining.stage.heads import cosines
>>> cosines(torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 0.0], [0.0, 2.0]])).mul(10).round().tolist()
[[6.0, 8.0]]
"""

import torch.nn.functional as F

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.heads import Named
from methods.arenas.few_shot_pretraining.stage.task import rate_factor
from methods.kit.method import Card


class CosineClassifier(PretrainingMethod):
    card = Card(title="Cosine classifier")

    rate: float = rate_factor(3.0)

    def fit(self, task):
        net = Named(task)
        task.train(net, lambda: self.step(net, task), counted=net.encoder, rate=self.rate)
        return net.encoder

    def step(self, net, task):
        rows = task.draw(task.batch)
        return F.cross_entropy(net(task.view(task.pictures[rows])), task.labels[rows])
