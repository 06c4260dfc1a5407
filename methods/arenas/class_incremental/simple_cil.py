"""SimpleCIL: the class means of a frozen network, used as the weights of a cosine classifier.

The pretrained network is never trained. When a class arrives, the mean of its features becomes its weight, and
pictures are named after the weight with the highest cosine.

    w_c = (1 / n_c) sum_{y_i = c} phi(x_i),   y(x) = argmax_c cos(phi(x), w_c)

Follows the paper.

>>> import torch
>>> cosine(torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 0.0], [0.0, 0.5]])).tolist()
[[0.6000000238418579, 0.800000011920929]]
"""

import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import class_means, in_parts
from methods.kit.method import Beats, Card, Paper


def cosine(z, weights):
    """(B, C) of rows of z (B, D) with rows of weights (C, D)."""
    return F.normalize(z, dim=1) @ F.normalize(weights, dim=1).T


class SimpleCil(ClassIncrementalMethod):
    card = Card(
        title="SimpleCIL",
        papers=(Paper("Revisiting Class-Incremental Learning with Pre-Trained Models: Generalizability and "
                      "Adaptivity are All You Need", 2023, arxiv="2303.07338", covers="its baseline, SimpleCIL"),),
        fidelity="faithful",
        claims=(Beats("fine-tune", on="average_accuracy"), Beats("lwf", on="average_accuracy")),
    )

    def begin_session(self, net, session):
        if session.number == 0:
            self.weights = session.names.new_zeros(session.total, net.width)

    def loss(self, net, session):
        return None

    def end_session(self, net, session):
        new = session.new
        self.weights[new] = class_means(in_parts(net.features, session.x), session.y, new)

    def scores(self, net, x):
        return cosine(net.features(x), self.weights)
