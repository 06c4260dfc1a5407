"""NEVIS FT-dynamic: start each session's own model from the earlier model whose features suit it best.

In a long stream of tasks every task may have a model of its own, and the question is what to start it from. Here the
pictures of a new session are classified from the features of every earlier model by their nearest neighbours; the
model that does best is copied and trained on. Copies of all models are kept. Pictures of unknown session go to the
surest model.

    source = argmax_s accuracy of the nearest neighbour in features of model s on the session's pictures

Departs from the paper: sessions of one kind of picture stand in for a hundred data sets, the hyperparameters of each
task are not searched, and compute is counted in gradient evaluations.

>>> import torch
>>> z = torch.tensor([[0.0], [0.1], [5.0], [5.1]])
>>> neighbour_accuracy(z, torch.tensor([0, 0, 1, 1])), neighbour_accuracy(z, torch.tensor([0, 1, 0, 1]))
(1.0, 0.0)
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import frozen_copy, in_parts, only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def neighbour_accuracy(z, y):
    """Share of rows z (N, D) whose nearest other row has the same label."""
    distance = torch.cdist(z, z).fill_diagonal_(torch.inf)
    return (y[distance.argmin(1)] == y).float().mean().item()


class Nevis(ClassIncrementalMethod):
    card = Card(
        title="NEVIS'22 FT-dynamic",
        papers=(Paper("NEVIS'22: A Stream of 100 Tasks Sampled from 30 Years of Computer Vision Research", 2022,
                      arxiv="2211.11747"),),
        fidelity="core",
        claims=(Beats("independent-experts", on="task_accuracy", setting="exemplars"),
                Beats("independent-experts", on="task_accuracy", setting="weak-pretraining"),
                Beats("fine-tune", on="task_accuracy", setting="exemplars")),
        reduces_to=("independent-experts", {"source": "start"}),
    )

    source: str = param("dynamic", "what a session's model starts from", choices=("dynamic", "previous", "start"))

    def begin_session(self, net, session):
        if session.number == 0:
            self.start, self.experts, self.groups = frozen_copy(net), [], []
        models = {"dynamic": [self.start, *self.experts], "previous": [self.start, *self.experts][-1:],
                  "start": [self.start]}[self.source]
        suits = [0.0] * len(models)
        if len(models) > 1:
            suits = [neighbour_accuracy(in_parts(model.features, session.x), session.y) for model in models]
        net.load_state_dict(models[suits.index(max(suits))].state_dict())
        self.groups.append(session.new)

    def loss(self, net, session):
        x, y = session.draw()
        return F.cross_entropy(only(net(x), session.classes), y)

    def end_session(self, net, session):
        self.experts.append(frozen_copy(net))

    def scores(self, net, x):
        out = x.new_full((len(x), net.head.out_features), -1.0)
        for model, classes in zip(self.experts, self.groups, strict=False):
            if len(classes):
                out[:, classes] = model(x)[:, classes].softmax(1)
        return out
