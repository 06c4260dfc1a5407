"""MI-max: one hyperplane, the highest instance of each bag, and many starts.

A linear score, the best instance of a bag, and a hinge that is flat at both ends. Bags of both classes weigh the same.
The loss has many valleys, so a dozen hyperplanes are trained beside each other in one tensor and the one with the
lowest loss is kept: a start that found no witness is thrown away.

    L(w, b) = -sum_i (y_i / n_{y_i}) tanh(max_k (w'x_ik + b)) + C ||w||^2,   y_i in {-1, 1}, n_y the bags of that class

Departs from the paper: instances are digits and not regions of a picture, so that there is no objectness to weigh them
with; all bags go into each step (1,080,000 visits to bags, others have 36,000), and steps are Adam's, where the authors
go down the plain gradient of at most 1,000 pictures; starts are shorter vectors, without offset. C is the paper's, for
2,048 features of another scale: here it keeps hyperplanes so short that some seeds end below chance.

>>> import torch
>>> w, b = torch.zeros(1, 2), torch.zeros(1)
>>> losses(w, b, torch.ones(2, 3, 2), torch.tensor([1, 0]), 1.0).abs().tolist()      # the two classes balance
[0.0]
"""

import torch
from torch import nn

from methods.arenas.multiple_instance.arena import MultipleInstanceMethod
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param


def losses(w, b, bags, labels, c):
    """(R,) of R hyperplanes w (R, D), b (R,) on bags (B, K, D) with labels (B,) in {0, 1}."""
    highest = (torch.einsum("nkd,rd->rnk", bags, w) + b[:, None, None]).amax(2)                           # (R, B)
    share = torch.where(labels == 1, 1 / labels.sum(), -1 / (1 - labels).sum())
    return -(share * highest.tanh()).sum(1) + c * w.square().sum(1)


class Hyperplane(nn.Module):
    """Scores of instances (B, K), and of a bag its highest."""

    def __init__(self, w, b):
        super().__init__()
        self.w, self.b = nn.Parameter(w), nn.Parameter(b)

    def forward(self, bags):
        scores = bags @ self.w + self.b
        return scores.amax(1), scores


class MiMax(MultipleInstanceMethod):
    card = Card(
        title="MI-max",
        papers=(Paper("Weakly Supervised Object Detection in Artworks", 2018, arxiv="1810.02569"),),
        fidelity="core",
        claims=(Matches("instance-supervised", on="instance_auroc", within=3.0),),
    )

    restarts: int = param(12, "hyperplanes trained beside each other", low=1, high=48)
    c: float = param(1.0, "weight of the squared length", low=0.0, high=10.0)
    rate: float = param(0.01, "learning rate", low=1e-4, high=0.3)
    steps: int = param(300, "steps of gradient descent", low=1, high=1000)

    def fit(self, task):
        w = torch.randn(self.restarts, task.width).div(task.width**0.5).requires_grad_()
        b = torch.zeros(self.restarts, requires_grad=True)
        optimizer = torch.optim.Adam([w, b], self.rate)
        for step in range(self.steps):
            found = losses(w, b, task.bags, task.labels, self.c)
            optimizer.zero_grad(set_to_none=True)
            found.sum().backward()                                # each depends on its own hyperplane alone
            optimizer.step()
            task.trial.count(bags=len(task.labels) * self.restarts)
            if step % max(1, self.steps // 10) == 0 or step == self.steps - 1:
                task.trial.record(step + 1, self.steps, loss=found.min().item())
        with torch.no_grad():
            best = losses(w, b, task.bags, task.labels, self.c).argmin()
        return Hyperplane(w.detach()[best].clone(), b.detach()[best].clone())
