"""Mixout: at every step, set a random part of the weights back to their pretrained values.

Dropout pulls weights towards zero; mixout pulls them towards where they started. The rest are moved so that the mean
over masks is the weight itself. Near the start this acts as a penalty on the squared distance that adapts itself to
each weight.

    w~ = (M * u + (1 - M) * w - p * u) / (1 - p),   M ~ Bernoulli(p), u = w_0 (0 in a new classifier)

A draw is one for all weights that leave a neuron, or an input channel; biases and normalisations are not mixed. A new
classifier is mixed with zero, one of the paper's choices for it.

Follows the paper.

>>> import torch
>>> mixed(torch.tensor([2.0, 2.0]), torch.tensor([1.0, 1.0]), torch.tensor([1.0, 0.0]), 0.5).tolist()
[1.0, 3.0]
"""

import torch
import torch.nn.functional as F
from torch.func import functional_call

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def mixed(w, u, mask, p):
    """w where mask is 0, u where it is 1, with the mean over masks kept at w."""
    return (mask * u + (1 - mask) * w - p * u) / (1 - p)


class Mixout(FinetuningMethod):
    card = Card(
        title="Mixout",
        papers=(Paper("Mixout: Effective Regularization to Finetune Large-scale Pretrained Language Models", 2019,
                      arxiv="1909.11299"),),
        fidelity="faithful",
        claims=(Beats("full-fine-tuning", on="target_accuracy", setting="few-labels"),
                Beats("full-fine-tuning", on="restart_spread", setting="few-labels"),
                Beats("dropout", on="target_accuracy", setting="few-labels"),
                Beats("l2-sp", on="target_accuracy", setting="few-labels"),
                Beats("full-fine-tuning", on="target_accuracy", setting="sentences"),
                Beats("full-fine-tuning", on="restart_spread", setting="sentences")),
        reduces_to=("full-fine-tuning", {"p": 0.0}),
    )

    p: float = param(0.7, "chance that a weight is set back for a step", low=0.0, high=0.95)

    def prepare(self, net, task):
        self.start = {name: value.detach().clone() for name, value in net.named_parameters()}
        if task.fresh:
            for name, value in net.head.named_parameters():
                self.start[f"head.{name}"] = torch.zeros_like(value)

    def loss(self, net, task):
        batch = task.draw()
        weights = {name: mixed(w, self.start[name], torch.bernoulli(torch.full_like(w[:1], self.p)), self.p)
                   if w.dim() > 1 and self.p else w for name, w in net.named_parameters()}
        return F.cross_entropy(functional_call(net, weights, (batch.x,)), batch.y)
