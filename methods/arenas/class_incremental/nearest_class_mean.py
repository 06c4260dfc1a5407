"""Nearest class mean: leave the pretrained network alone and remember one mean per class.

The network is frozen. Every class keeps the running mean of its features, and a picture is named after the closest
mean. Nothing is trained, so the order of the classes does not matter and nothing can be forgotten; if the features
are good this may be all that is needed.

    mu_c = (1 / n_c) sum_{y_i = c} f(x_i),   y(x) = argmin_c |f(x) - mu_c|

Follows the paper.

>>> import torch
>>> z, y = torch.tensor([[0.0, 0.0], [2.0, 0.0], [5.0, 1.0]]), torch.tensor([0, 0, 1])
>>> means = class_means(z, y, torch.tensor([0, 1]))                                             # (1, 0) and (5, 1)
>>> squared_distance(torch.tensor([[1.0, 1.0]]), means).tolist()
[[1.0, 16.0]]
"""

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import class_means, in_parts
from methods.kit.method import Beats, Card, Paper


def squared_distance(z, means):
    """(B, C) from rows of z (B, D) to means (C, D)."""
    return (z[:, None] - means[None]).square().sum(2)


class NearestClassMean(ClassIncrementalMethod):
    card = Card(
        title="Nearest class mean on a frozen network",
        papers=(Paper("A Simple Baseline that Questions the Use of Pretrained-Models in Continual Learning", 2022,
                      arxiv="2210.04428"),),
        fidelity="faithful",
        claims=(Beats("fine-tune", on="average_accuracy"), Beats("ewc", on="average_accuracy"),
                Beats("lwf", on="average_accuracy"), Beats("l2p", on="average_accuracy")),
    )

    def begin_session(self, net, session):
        if session.number == 0:
            self.means = session.names.new_zeros(session.total, net.width)
            self.counts = session.names.new_zeros(session.total)

    def loss(self, net, session):
        return None

    def end_session(self, net, session):
        z, classes = in_parts(net.features, session.x), session.classes
        many = (session.y[None] == classes[:, None]).sum(1)
        total = self.counts[classes] + many
        old = self.means[classes] * (self.counts[classes] / total)[:, None]
        self.means[classes] = old + class_means(z, session.y, classes) * (many / total)[:, None]
        self.counts[classes] = total

    def scores(self, net, x):
        return -squared_distance(net.features(x), self.means)
