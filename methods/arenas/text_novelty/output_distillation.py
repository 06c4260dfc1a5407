"""Output distillation: a model from scratch learns what a tuned one says of each next piece, and the pieces.

    L = CE + KL(p_tuned || p),   s(x) = mean over i of log p(x_i | x_<i)

What distillation over several layers has to add to.

>>> OutputDistillation.slug()
'output-distillation'
"""

import torch
import torch.nn.functional as F

from methods.arenas.text_novelty.arena import TextNoveltyMethod
from methods.arenas.text_novelty.stage.task import likelihood
from methods.kit.method import Card


class OutputDistillation(TextNoveltyMethod):
    card = Card(title="Distillation of outputs alone")

    def fit(self, task):
        teacher, net = task.tuned(), task.fresh()

        def loss(windows):
            said = net(windows[:, :-1]).flatten(0, 1)
            with torch.no_grad():
                right = teacher(windows[:, :-1]).flatten(0, 1).log_softmax(1)
            return F.cross_entropy(said, windows[:, 1:].flatten()) + F.kl_div(
                said.log_softmax(1), right, reduction="batchmean", log_target=True)

        self.net = task.learn(net, loss=loss)

    def score(self, windows, task):
        return likelihood(self.net, windows)
