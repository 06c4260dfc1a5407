"""Self-supervised label augmentation: learn class and rotation as one joint label.

Asking a network for the same answer however the image is turned hurts where the turn matters (a 6 is
not a 9); asking for the turn on a second head forces the two tasks apart. This takes one classifier
over all pairs (class, turn), which asks for no invariance. To classify, the image is shown in all
four turns, each scored on its own turn's outputs, and the scores are averaged: an ensemble of four in one
network.

    loss = mean_j CE(rho(t_j(x)), (y, j))
    P(i | x) = softmax_i(1/4 * sum_j s_ij(t_j(x)))

A quarter of each batch is used, in four turns, so that the number of images passed is that of everybody else.
Text has nothing to turn.

Departs from the paper: aggregated inference only, without the self-distilled single-pass classifier.

>>> scores = torch.tensor([[[1.0, 9.0], [2.0, 9.0]], [[9.0, 3.0], [9.0, 6.0]]])     # turn, class x turn
>>> aggregated(scores[:, None]).tolist()     # (1 + 3) / 2 and (2 + 6) / 2
[[2.0, 4.0]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Beats, Card, Paper


class Sla(ComponentsMethod):
    card = Card(
        title="Self-supervised label augmentation",
        papers=(Paper("Self-supervised Label Augmentation via Input Transformations", 2019, "1910.05872",
                      covers="the joint labels and aggregated inference"),),
        fidelity="core",
        claims=(Beats("rotation-augmentation", on="accuracy"), Beats("batch-norm", on="accuracy")),
        waivers={"every-image-is-answered-alone": "its body has batch normalisation"},
    )

    def norm(self, channels, site):
        return nets.BatchNorm(channels)

    def prepare(self, model):
        if isinstance(model.stem, nn.Conv2d):
            model.stem, model.head = TurnedStem(model.stem), JointHead(model.head)

    def backward(self, model, x, y):
        if x.dim() < 4:
            return super().backward(model, x, y)
        kept = -(-len(x) // 4)
        turn = torch.arange(4, device=y.device).repeat_interleave(kept)
        loss = F.cross_entropy(model(torch.cat([x[:kept].rot90(k, (2, 3)) for k in range(4)])),
                               4 * y[:kept].repeat(4) + turn)
        loss.backward()
        return loss.detach()


class TurnedStem(nn.Module):
    """In evaluation passes (N, ...) on as (4N, ...): all unturned, then turned once, twice, three times."""

    def __init__(self, stem: nn.Module):
        super().__init__()
        self.stem = stem

    def forward(self, x):
        return self.stem(x if self.training else torch.cat([x.rot90(k, (2, 3)) for k in range(4)]))


class JointHead(nn.Module):
    """(N, features) -> (N, 4C) in training; in evaluation (4N, features) -> (N, C) aggregated."""

    def __init__(self, head: nn.Linear):
        super().__init__()
        self.joint = nn.Linear(head.in_features, 4 * head.out_features)
        nn.init.normal_(self.joint.weight, std=head.in_features**-0.5)
        nn.init.zeros_(self.joint.bias)

    def forward(self, features):
        scores = self.joint(features)
        return scores if self.training else aggregated(scores.view(4, -1, scores.shape[1] // 4, 4))


def aggregated(scores):
    """(4, N, C, 4) scores of (turn shown, sample, class, turn named) -> (N, C): the mean where both turns agree."""
    return scores.diagonal(dim1=0, dim2=3).mean(-1)
