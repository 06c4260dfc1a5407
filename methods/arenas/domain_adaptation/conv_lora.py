"""ConvLoRA with AdaBN: adapt a frozen network by self-training, through low-rank additions to its convolutions.

Every convolution keeps its weights and gets an addition of low rank, which starts at zero and learns from the
network's own early answers to the target; normalisation counts the target anew. A domain then costs little more than
the additions.

    W' = W + reshape(B A),   A (r k, in k),  B (out k, r k),  B = 0 at the start

Departs from the paper: answers of a frozen copy of the adapted-statistics network, where they are sure, take the place
of those of an early segmentation head.

>>> import torch
>>> lora = LowRank(torch.zeros(2, 1, 3, 3), rank=1)
>>> with torch.no_grad():
...     _ = lora.a.fill_(1.0), lora.b.fill_(2.0)
>>> lora(torch.zeros(2, 1, 3, 3))[0, 0, 0, 0].item()             # 3 inner terms of 2 * 1
6.0
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import frozen_copy, predict, reestimate
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class LowRank(nn.Module):
    """The addition to one kernel (out, in, k, k)."""

    def __init__(self, weight, rank: int):
        super().__init__()
        out, into, k, _ = weight.shape
        self.a = nn.Parameter(torch.randn(rank * k, into * k).to(weight) / (into * k) ** 0.5)
        self.b = nn.Parameter(weight.new_zeros(out * k, rank * k))

    def forward(self, weight):
        return weight + (self.b @ self.a).view(weight.shape)


class ConvLora(DomainAdaptationMethod):
    card = Card(
        title="ConvLoRA with AdaBN",
        papers=(Paper("ConvLoRA and AdaBN based Domain Adaptation via Self-Training", 2024, arxiv="2402.04964"),),
        fidelity="core",
        claims=(Beats("adabn", on="target_accuracy", setting="source-free"),
                Matches("pseudo-label", on="target_accuracy", within=1.0, setting="source-free",
                        cost="trainable parameters")),
    )

    rank: int = param(2, "rank of the additions", low=1, high=8)
    threshold: float = param(0.6, "probability from which an answer is believed", low=0.0, high=1.0)

    def begin(self, net, task):
        if task.number == 0:
            for module in list(net.modules()):
                if isinstance(module, nn.Conv2d):
                    parametrize.register_parametrization(module, "weight", LowRank(module.weight, self.rank))
        reestimate(net, task.unlabelled)
        teacher = frozen_copy(net)
        confidence, self.labels = predict(teacher, task.unlabelled)[1].softmax(1).max(1)
        self.sure = confidence > self.threshold
        task.optimise(([p for m in net.modules() if isinstance(m, LowRank) for p in m.parameters()], 2.0))

    def loss(self, net, task):
        rows, x = task.target()
        if len(x) < 2:
            return None
        logits = net(x)
        if task.online:
            confidence, labels = logits.detach().softmax(1).max(1)
            return (F.cross_entropy(logits, labels, reduction="none") * (confidence > self.threshold)).mean()
        return (F.cross_entropy(logits, self.labels[rows], reduction="none") * self.sure[rows]).mean()

    def end(self, net, task):
        reestimate(net, task.unlabelled)
