"""TENT: make the answers to the batch at hand surer, through normalisation alone.

Every batch is normalised by its own mean and variance, and one gradient step on the scales and shifts of the
normalisation layers lowers the entropy of its predictions. Everything else stands still.

    minimise  H(p) = -sum_c p_c log p_c   over gamma, beta                                          (sec. 3.1)

Departs from the paper: a batch is answered after the step that it causes, in a second pass, which the paper names as a
choice; its own runs answer in the pass before the step. The step sees the batch moved by up to a pixel.

>>> import torch
>>> from methods.arenas.domain_adaptation.stage.nets import entropy
>>> round(entropy(torch.tensor([[0.5, 0.5]])).item(), 4)         # log 2
0.6931
"""

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import affine, batch_statistics, entropy
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Tent(DomainAdaptationMethod):
    card = Card(
        title="TENT",
        papers=(Paper("Tent: Fully Test-time Adaptation by Entropy Minimization", 2020, arxiv="2006.10726"),),
        fidelity="faithful",
        claims=(Beats("source-only", on="target_accuracy", setting="test-time"),
                Beats("adabn", on="target_accuracy", setting="test-time")),
    )

    rate: float = param(1.0, "step size, in multiples of the arena's", low=0.0, high=10.0)

    def begin(self, net, task):
        task.optimise((affine(net), self.rate))

    def loss(self, net, task):
        _, x = task.target()
        with batch_statistics(net):
            return entropy(net(x).softmax(1)).mean() if len(x) > 1 else None

    def scores(self, net, x):
        if len(x) < 2:
            return net(x)
        with batch_statistics(net):
            return net(x)
