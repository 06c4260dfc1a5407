"""HPrompt-CPT: prompts that a small network makes from the passage, kept general and kept apart.

    P = g(mean embedding of the passage's first 16 pieces),   four vectors in front of the passage; model and g train
    L = mean -log p(x_i | P, x_<i) + a L_agree + b L_apart
    L_agree = ||h(x | random P) - h_0(x)||^2 / D on old passages, h_0 from the start without prompts
    L_apart = mean cos(h(x | g), h(x | g of the text before))^2

Departs from the paper: a passage's first 16 pieces are read without prompts, since a causal model may not look ahead;
the states of the last block are compared; bits per byte stand in for tasks. a = 1 and b = 0.1 are ours.

>>> import torch
>>> import torch.nn.functional as F
>>> round(float(F.cosine_similarity(torch.tensor([1.0, 1.0]), torch.tensor([1.0, 0.0]), dim=0) ** 2), 2)
0.5
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.told import FIRST, Told, prompted
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

MANY = 4        # prompts
APART = 0.1     # weight of disagreement with the text before


class HyperPrompted(Told):
    """A body, and the network that makes prompts from embeddings as the start had them."""

    def __init__(self, body, start):
        super().__init__()
        self.body, self._start = body, (start,)
        wide = body.width
        self.make = nn.Sequential(nn.Linear(wide, wide), nn.Tanh(), nn.Linear(wide, MANY * wide))
        nn.init.normal_(self.make[2].weight, std=0.05)
        self.make.to(body.embed.weight.device)

    def prompts(self, first):
        with torch.no_grad():
            seen = self._start[0].embed(first).mean(1)
        return self.make(seen / 0.05).unflatten(-1, (MANY, -1))

    def plain(self, ids):
        return self.body(ids)

    def following(self, ids, first):
        return self.body.logits(prompted(self.body, ids, self.prompts(first))[-1])


class Hprompt(ContinualPretrainingMethod):
    card = Card(
        title="HPrompt-CPT",
        papers=(Paper("Towards Anytime Fine-tuning: Continually Pre-trained Language Models with Hypernetwork Prompt",
                      2023, arxiv="2310.13024"),),
        fidelity="core",
        claims=(Beats("naive", on="old_bpb", setting="stream"),
                Beats("prompt-tuning", on="mean_bpb", setting="stream")),
    )
    rate_factor = 3.0

    a: float = param(1.0, "weight of agreement with the start", low=0.0, high=10.0)

    def prepare(self, net, task):
        return net if task.stage else HyperPrompted(net, task.start)

    def loss(self, net, batch, task):
        value, some = super().loss(net, batch, task), task.recall(task.size // 2)[:, :-1].long()
        prompts = 0.05 * torch.randn(len(some), MANY, net.body.width, device=some.device)
        with torch.no_grad():
            general = task.start.states(some)[-1]
        value = value + self.a * (prompted(net.body, some, prompts)[-1] - general).square().mean()
        if task.stage:
            ids = batch[:task.size // 2, :-1].long()
            with torch.no_grad():
                last = task.before.prompts(ids[:, :FIRST])
                before = prompted(net.body, ids, last)[-1][:, FIRST:]
            now = prompted(net.body, ids, net.prompts(ids[:, :FIRST]))[-1][:, FIRST:]
            value = value + APART * F.cosine_similarity(now, before, dim=-1).square().mean()
        return value
