"""LFTL: buy what is unclear now and was unclear before, and keep what earlier rounds learnt.

Source-free, in rounds. A picture's answer is contrasted with that of the model of the round before; where best and
second best are close even then, the picture is bought. Bought pictures stay in a memory of features that moves slowly
with the model. Unlabelled features are made to attend to few of them, and answers to be sure and diverse.

    p_c = p_now + a (p_now - p_before),   choose the smallest first minus second of p_c
    loss = CE(bought) + beta * (H(p) - H(mean p)) + weight * mean H(softmax_j cos(z, m_j))
    m_j <- (1 - k) m_j + k z_j

Departs from the paper: choice and losses follow its published code, without the training on mixtures of labelled
pictures.

>>> import torch
>>> now, before = torch.tensor([[0.75, 0.25]]), torch.tensor([[0.5, 0.5]])
>>> margin(now, before, 1.0).item()                      # (1, 0)
1.0
>>> round(attention(torch.eye(2)[:1], torch.eye(2)[:1].repeat(2, 1)).item(), 4)      # both alike: log 2
0.6931
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import entropy, information, predict
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def margin(now: Tensor, before: Tensor, a: float) -> Tensor:
    """(N,) best minus second best of the contrasted probabilities (N, C)."""
    top = (now + a * (now - before)).topk(2, dim=1).values
    return top[:, 0] - top[:, 1]


def attention(z: Tensor, memory: Tensor) -> Tensor:
    """Mean entropy of how z (B, D) attends, by cosine, to the memory (M, D)."""
    return entropy((F.normalize(z, dim=1) @ F.normalize(memory, dim=1).T).softmax(1)).mean()


class Lftl(DomainAdaptationMethod):
    card = Card(
        title="LFTL",
        papers=(Paper("Learn from the Learnt: Source-Free Active Domain Adaptation via Contrastive Sampling and "
                      "Visual Persistence", 2024),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy", setting="active"),
                Beats("entropy-sampling", on="target_accuracy", setting="active"),
                Beats("shot", on="target_accuracy", setting="active")),
        waivers={"knob:contrast": "no labels are sold in the default setting", "knob:weight": "as for contrast",
                 "knob:keep": "as for contrast"},
    )

    contrast: float = param(0.5, "how much the round before is held against this one", low=0.0, high=2.0)
    beta: float = param(1.0, "how much sure and diverse answers count", low=0.0, high=2.0)
    weight: float = param(1.0, "how much attention to the memory counts", low=0.0, high=2.0)
    keep: float = param(0.9, "share of the present feature in the memory", low=0.0, high=1.0)

    def begin(self, net, task):
        self.before, self.memory = None, torch.empty(0, net.dim, device=task.unlabelled.device)
        task.optimise((net.parameters(), 1.0))

    def choose(self, net, task, many):
        now = predict(net, task.unlabelled)[1].softmax(1)
        clear = margin(now, now if self.before is None else self.before, self.contrast)
        clear[task.bought] = 9.0
        self.before = now
        return (-clear).topk(many).indices

    def loss(self, net, task):
        _, x = task.target()
        supervised = self.supervised(net, task)
        if len(x) < 2:
            return supervised
        if len(task.bought) and (task.due(30) or len(self.memory) < len(task.bought)):
            z = predict(net, task.unlabelled[task.bought])[0]
            fresh = z[len(self.memory):]
            self.memory = torch.cat([self.memory.lerp(z[:len(self.memory)], self.keep), fresh])
        z = net.features(x)
        loss = self.beta * information(net.head(z).softmax(1))
        if len(self.memory):
            loss = loss + self.weight * attention(z, self.memory)
        return loss if supervised is None else loss + supervised
