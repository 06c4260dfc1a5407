"""Source-head PGD: climb the loss of the public model's own classifier.

The plain attack of robust training, made on the model that is public: pictures are moved until that model no longer
says what it said. Private models have other labels, so only what is shared reaches them.

    maximise over |x' - x| <= radius   -log p_c(x'),   c = the class the public model gives x,
    by signs of the gradient from a random start, each step followed by a projection

Departs from the paper: the label is the model's own answer, and the models that count are others than the one attacked.

>>> import torch
>>> round(left_class(torch.tensor([[2.0, 0.0]]), torch.tensor([[3.0, 1.0]])).item(), 4)      # log(1 + exp(-2))
0.1269
"""

import torch.nn.functional as F

from methods.arenas.adversarial_transfer.arena import AttackMethod
from methods.kit.method import Beats, Card, Paper


def left_class(logits, before):
    """The loss (N,) of logits (N, C) against the class that those from before give."""
    return F.cross_entropy(logits, before.argmax(1), reduction="none")


class SourceHeadPgd(AttackMethod):
    card = Card(
        title="Source-head PGD",
        papers=(Paper("Towards Deep Learning Models Resistant to Adversarial Attacks", 2017, arxiv="1706.06083",
                      covers="projected gradient ascent as the attack"),),
        fidelity="core",
        claims=(Beats("random-sign-noise", on="fooled"),),
    )

    def objective(self, moved, clean, task):
        return left_class(task.name(moved), task.source.head(clean.features))
