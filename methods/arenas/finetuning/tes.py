"""TeS: let what the class names mean smooth the targets of the classifier.

A second classifier is fixed: its weights describe the classes in another language, and a learnt projection carries
the features over. Its opinion of each picture joins the target of the ordinary classifier, so that classes described
alike may share probability.

    p = softmax(cos(project(z), t_c) / tau),   q = (1 - mix) * onehot(y) + mix * p
    loss = CE(head(z), q) + strength * CE(p, y)

Departs from the paper: the projection has no batch normalisation, and the classes' names ("the handwritten digit
three") are put into vectors by a small encoder of sentences.

>>> import torch
>>> away_from_mean(torch.tensor([[4.0, 1.0], [2.0, 1.0]])).tolist()
[[1.0, 0.0], [-1.0, 0.0]]
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def away_from_mean(names):
    """Unit vectors (C, D) of what sets each class's name apart from the others'."""
    return F.normalize(names - names.mean(0), dim=1)


class Tes(FinetuningMethod):
    card = Card(
        title="Text-supervised fine-tuning (TeS)",
        papers=(Paper("Improved Visual Fine-tuning with Natural Language Supervision", 2023, arxiv="2304.01489"),),
        fidelity="core",
        claims=(Beats("full-fine-tuning", on="target_accuracy"),
                Beats("label-smoothing", on="target_accuracy"),
                Beats("full-fine-tuning", on="target_accuracy", setting="few-labels")),
        reduces_to=("full-fine-tuning", {"mix": 0.0, "strength": 0.0}),
    )

    mix: float = param(0.2, "share of the description's opinion in the targets", low=0.0, high=0.9)
    strength: float = param(0.5, "weight of the description's own loss", low=0.0, high=4.0)
    tau: float = param(0.2, "temperature of the description's opinion", low=0.02, high=1.0)

    def prepare(self, net, task):
        width = net.source_head.in_features
        self.text = away_from_mean(task.names)
        if self.mix or self.strength:
            net.project = nn.Sequential(nn.Linear(width, width), nn.ReLU(),
                                        nn.Linear(width, self.text.shape[1])).to(task.x.device)

    def loss(self, net, task):
        batch = task.draw()
        z = net.features(batch.x)
        target = F.one_hot(batch.y, len(self.text)).float()
        if not (self.mix or self.strength):
            return F.cross_entropy(net.head(z), target)
        told = F.normalize(net.project(z), dim=1) @ self.text.T / self.tau
        target = (1 - self.mix) * target + self.mix * told.detach().softmax(1)
        return F.cross_entropy(net.head(z), target) + self.strength * F.cross_entropy(told, batch.y)
