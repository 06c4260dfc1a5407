"""SHOT: keep the source's classifier and move the target's features into it.

Without any source picture: the classifier is frozen as the hypothesis, and the features learn to be answered surely
and diversely (information maximisation), and as the centroids of their own clusters say. Centroids are first weighted
by the predictions, then by the labels they gave, and all pictures are labelled by the nearest one now and then.

    loss = mean H(p) - H(mean p) + beta * CE(head(z), label)                                        (eq. 3, 5, 6)

Departs from the paper: no weight normalisation and label smoothing in the source model.

>>> import torch
>>> from methods.arenas.domain_adaptation.stage.nets import information
>>> round(information(torch.eye(2)).item(), 4)                   # sure and diverse: 0 - log 2
-0.6931
"""

import torch.nn.functional as F

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import information, nearest_mean_labels, predict
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Shot(DomainAdaptationMethod):
    card = Card(
        title="SHOT",
        papers=(Paper("Do We Really Need to Access the Source Data? Source Hypothesis Transfer for Unsupervised "
                      "Domain Adaptation", 2020, arxiv="2002.08546"),),
        fidelity="faithful",
        claims=(Beats("source-only", on="target_accuracy", setting="source-free"),
                Beats("pseudo-label", on="target_accuracy", setting="source-free")),
    )

    beta: float = param(0.3, "how much the centroids' labels count", low=0.0, high=2.0)
    renewals: int = param(6, "how often pictures are labelled anew", low=1, high=30)

    def begin(self, net, task):
        task.optimise((net.backbone(), 1.0))
        self.labels = None

    def loss(self, net, task):
        if task.online or task.due(self.renewals):
            z, logits = predict(net, task.unlabelled)
            self.labels = nearest_mean_labels(z, logits.softmax(1))
        rows, x = task.target()
        if len(x) < 2:
            return None
        logits = net(x)
        loss = information(logits.softmax(1)) + self.beta * F.cross_entropy(logits, self.labels[rows])
        if len(task.bought) > 1:
            loss = loss + self.supervised(net, task)
        return loss
