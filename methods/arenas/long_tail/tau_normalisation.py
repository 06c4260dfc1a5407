"""Tau-normalisation: after training, shrink the classifier's long weight vectors.

Trained on a long tail, the classifier's weight vector of a frequent class grows longer than that of a rare one, and
a longer vector wins more often. Dividing each by a power of its length evens them out without any further training;
tau = 1 makes all lengths equal. The bias is dropped. Which power is best depends on how skewed the lengths are: it is
the one that serves the validation pictures best.

    w_c <- w_c / ||w_c||^tau,   tau of 0, 0.1, ..., 1 with the highest balanced accuracy on validation pictures,
                             the largest of equals

Follows the paper.

>>> import torch
>>> [[round(v, 4) for v in row] for row in shrunk(torch.tensor([[3.0, 4.0], [0.0, 1.0]]), tau=1.0).tolist()]
[[0.6, 0.8], [0.0, 1.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.long_tail.arena import LongTailMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def shrunk(weight, tau):
    """Rows of weight (C, D), each divided by its length to the power tau."""
    return weight / weight.norm(dim=1, keepdim=True) ** tau


class TauNormalisation(LongTailMethod):
    card = Card(
        title="Tau-normalised classifier",
        papers=(Paper("Decoupling Representation and Classifier for Long-Tailed Recognition", 2019,
                      arxiv="1910.09217", covers="the tau-normalised classifier; cRT is a method of its own"),),
        fidelity="faithful",
        claims=(Beats("cross-entropy", on="balanced_accuracy"),
                Beats("class-balanced-sampling", on="balanced_accuracy")),
    )

    most: float = param(1.0, "largest power of the length that is tried", low=0.0, high=2.0)

    @torch.no_grad()
    def finish(self, net, task):
        net.classifier.bias.zero_()
        features, truth = net.backbone(task.val_x), F.one_hot(task.val_y, task.classes).double()
        tries = [shrunk(net.classifier.weight, self.most * tenth / 10) for tenth in range(10, -1, -1)]
        hits = [truth[(features @ weight.T).argmax(1) == task.val_y].sum(0) / truth.sum(0) for weight in tries]
        net.classifier.weight.copy_(max(zip(hits, tries, strict=True), key=lambda pair: pair[0].mean().item())[1])
