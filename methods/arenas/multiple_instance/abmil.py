"""ABMIL: a bag is the mean of its instances, weighted by attention that is learnt.

Which instances decide a bag is not known, so a small network gives each a weight, the weights of a bag sum to one, and
the weighted mean of the encoded instances is judged. The weights say which instances were looked at. The reference of
this arena.

    a_k = softmax_k(w' tanh(V h_k)),   z = sum_k a_k h_k,   P(bag positive) = sigmoid(u' z + c)

Departs from the paper: instances are fixed features with one trained layer, whose widths are ours; an instance's score
is its attention before the softmax, as bags have one size.

>>> import torch
>>> bags = torch.zeros(1, 3, 4)
>>> net = AttentionNet(4, 2, 2)
>>> bool(net(bags)[1].std() < 1e-6)                                                 # equal instances, equal attention
True
"""

from methods.arenas.multiple_instance.arena import MultipleInstanceMethod
from methods.arenas.multiple_instance.stage.nets import AttentionNet
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Abmil(MultipleInstanceMethod):
    card = Card(
        title="ABMIL",
        papers=(Paper("Attention-based Deep Multiple Instance Learning", 2018, arxiv="1802.04712"),),
        fidelity="core",
        claims=(Beats("mean-pooling", on="bag_auroc"), Beats("max-pooling", on="bag_auroc")),
    )

    attending: int = param(32, "width of the network that attends", low=1, high=128)

    def model(self, task):
        return AttentionNet(task.width, task.trial.options.hidden, self.attending)
