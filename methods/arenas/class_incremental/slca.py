"""SLCA: train the network slowly and the classifier fast, then align the classifier on remembered statistics.

Most of what sequential training loses is lost by moving the pretrained representation too fast. The network
learns at a hundredth of the classifier's rate. Every class leaves behind the mean and covariance of its features;
after a session the classifier is trained again on features drawn from the Gaussians of all classes, with logits
divided by their length so that no class wins by large weights.

    loss of alignment = CE(l / (tau |l|), y),   features ~ N(mu_c, Sigma_c) for all c seen

The paper's ratio of the two rates replaces the arena's rate of networks.

Departs from the paper: covariances are shrunk halfway to the pooled one, since a class has 60 pictures for 64 features.
The length of all logits divides them, as it is written; the authors' code divides by the mean of the lengths that each
session's have, and draws old classes around means a little nearer to zero.

>>> import torch
>>> normalised(torch.tensor([[3.0, 4.0]]), 0.1).tolist()                                         # 10 * (3, 4) / 5
[[6.0, 8.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import Gaussians, align, in_parts, only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def normalised(logits, tau):
    """Logits (B, C) with rows of length 1 / tau."""
    return logits / (tau * logits.norm(dim=1, keepdim=True))


class Slca(ClassIncrementalMethod):
    card = Card(
        title="SLCA (slow learner with classifier alignment)",
        papers=(Paper("SLCA: Slow Learner with Classifier Alignment for Continual Learning on a Pre-trained Model",
                      2023, arxiv="2303.05118"),),
        fidelity="faithful",
        claims=(Beats("fine-tune", on="last_accuracy"), Beats("l2p", on="last_accuracy"),
                Beats("ewc", on="last_accuracy"), Beats("lwf", on="last_accuracy"),
                Beats("nearest-class-mean", on="last_accuracy")),
    )

    slow: float = param(0.01, "the network's rate as a share of the classifier's", low=0.0, high=1.0)
    tau: float = param(0.1, "temperature of the normalised logits in the alignment", low=0.02, high=1.0)
    alignment: int = param(100, "steps of alignment after a session", low=1, high=500)

    def begin_session(self, net, session):
        if session.number == 0:
            self.gaussians, self.unaligned = Gaussians(), None
        if self.unaligned is not None:                   # training goes on from the classifier before alignment
            net.head.load_state_dict(self.unaligned)
        session.optimise((net.backbone(), self.slow * session.head_rate), (net.head.parameters(), session.head_rate))

    def loss(self, net, session):
        x, y = session.draw()
        return F.cross_entropy(only(net(x), session.classes), y)

    def end_session(self, net, session):
        self.gaussians.add(in_parts(net.features, session.x), session.y)
        if session.number == 0:
            return
        self.unaligned = {name: value.clone() for name, value in net.head.state_dict().items()}
        with torch.enable_grad():
            align(net.head, self.gaussians, self.alignment, 0.05, self.tau)
