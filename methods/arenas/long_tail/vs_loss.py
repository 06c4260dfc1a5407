"""Vector-scaling loss: give every class a factor on its logit beside an offset.

Once a network fits its training set, adding to the logits inside the loss no longer changes where training ends; a
factor on them still does, as it sets how wide a margin each class gets. Early on the offset is what helps. The loss has
both: rare classes get a small factor, so that their logits must grow larger, and the offset of logit adjustment.

    loss(f, y) = CE(D * f + i, y),   D_c = (n_c / n_max)^gamma,   i_c = tau * log pi_c

With gamma = 0 it is logit adjustment, with tau = 0 the class-dependent temperatures (CDT).

The paper is about networks that are trained far beyond zero training error; early on, it finds, the factors harm. Runs
here end before that phase.

Departs from the paper: it tunes gamma and tau for each data set; here they are those of the example that comes with the
authors' program, for ten classes at the same imbalance (CIFAR-10). No classes are weighted late in training, which its
best numbers add.

>>> import torch
>>> factors, offsets = scaling(torch.tensor([16.0, 1.0]), 0.5, 0.0)
>>> factors.tolist(), offsets.abs().tolist()                                                          # (1 / 16)^(1/2)
([1.0, 0.25], [0.0, 0.0])
"""

import torch.nn.functional as F

from methods.arenas.long_tail.arena import LongTailMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def scaling(counts, gamma, tau):
    """Factor and offset (C,) of every class's logit."""
    return (counts / counts.max()) ** gamma, tau * (counts / counts.sum()).log()


class VsLoss(LongTailMethod):
    card = Card(
        title="Vector-scaling loss",
        papers=(Paper("Label-Imbalanced and Group-Sensitive Classification under Overparameterization", 2021,
                      arxiv="2103.01550"),),
        fidelity="faithful",
        claims=(Beats("cross-entropy", on="balanced_accuracy"), Beats("ldam", on="balanced_accuracy"),
                Beats("logit-adjustment", on="balanced_accuracy")),
        reduces_to=("logit-adjustment", {"gamma": 0.0, "tau": 1.0}),
    )

    gamma: float = param(0.2, "how much smaller a rare class's factor is", low=0.0, high=1.0)
    tau: float = param(1.2, "how much of the class prior the loss takes over", low=0.0, high=4.0)

    def prepare(self, net, task):
        self.factors, self.offsets = scaling(task.counts, self.gamma, self.tau)

    def loss(self, logits, y):
        return F.cross_entropy(self.factors * logits + self.offsets, y)
