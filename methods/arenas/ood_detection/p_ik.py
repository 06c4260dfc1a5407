"""P(IK): a head says whether the model will know, before it answers.

Thirty answers are drawn from the model's own distribution, and a head learns which share of them is right, from the
question alone.

    P(IK)(x) = sigmoid(head(x)),   loss = CE(P(IK)(x), share of 30 drawn answers that are right)
    s(x) = P(IK)(x)

Departs from the paper: a classifier of drawings in place of a language model, and a small network on a drawing's
features in place of a head on the model's states. As the classifier has learnt all drawings, the answers are those of
two others, each trained on every second drawing and asked about the rest.

>>> import torch
>>> share(torch.tensor([[1, 0, 1, 1]]), torch.tensor([1])).item()
0.75
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.ood_detection.arena import OodDetectionMethod
from methods.kit.method import Beats, Card, Paper


def share(answers, y):
    """(N,) of answers (N, S) that are right."""
    return (answers == y[:, None]).float().mean(1)


def network(inputs, outputs, x):
    return nn.Sequential(nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, outputs)).to(x.device)


class PIk(OodDetectionMethod):
    card = Card(
        title="P(IK), asked before the answer",
        papers=(Paper("Language Models (Mostly) Know What They Know", 2022, arxiv="2207.05221", covers="P(IK)"),),
        fidelity="core",
        claims=(Beats("random-score", on="auroc", setting="misclassified"),),
        needs_scale=("The larger the model, the better it says beforehand whether it will know.",),
    )

    def fit(self, task):
        half = torch.arange(len(task.x), device=task.x.device) % 2
        right = torch.zeros(len(task.x), device=task.x.device)
        for part in (0, 1):
            other = network(task.x.shape[1], task.kinds, task.x)
            rows = (half == part).nonzero().squeeze(1)
            task.fit(other.parameters(), lambda batch, other=other, rows=rows: F.cross_entropy(
                other(task.x[rows[batch % len(rows)]]), task.y[rows[batch % len(rows)]]), 300, 2e-3)
            asked = half != part
            answers = torch.multinomial(other(task.x[asked]).softmax(1).cpu(), 30, True, generator=task.generator)
            right[asked] = share(answers.to(task.x.device), task.y[asked])
        self.head = network(task.x.shape[1], 1, task.x)
        task.fit(self.head.parameters(), lambda rows: F.binary_cross_entropy_with_logits(
            self.head(task.x[rows]).squeeze(1), right[rows]), 300, 2e-3)

    def score(self, x, task):
        return self.head(x).squeeze(1).sigmoid()
