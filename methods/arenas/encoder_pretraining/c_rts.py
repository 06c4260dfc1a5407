"""C-RTS: exchange words for others of groups that the detector still mistakes for the word's own.

Words are grouped by k-means of embeddings; a word of group a is exchanged for one of group b with odds by the running
share of errors on such swaps.

    L = mean over all t of BCE(w . h_t, x~_t is not x_t),   odds(b | a) = errors(a, b) + 1/K

Begins from random weights, as its rival does, at the arena's rate; groups are of embeddings that others begin with.

Departs from the paper: 16 groups, and an exponential mean of the errors, in which a word drawn in its own place
counts as a swap.

>>> import torch
>>> nearest(torch.tensor([[0.0], [5.0]]), torch.tensor([[1.0], [4.0]])).tolist()
[0, 1]
"""

import torch
from torch import nn

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import detected
from methods.arenas.encoder_pretraining.stage.words import RESERVED
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param


def nearest(x, centres):
    return torch.cdist(x, centres).argmin(1)


class CRts(EncoderPretrainingMethod):
    card = Card(
        title="C-RTS",
        papers=(Paper("Structural Self-Supervised Objectives for Transformers", 2023, arxiv="2309.08272",
                      covers="swaps that are hard to tell"),),
        fidelity="core",
        claims=(Matches("masked-language-model-scratch", on="probe_bits", within=0.02, cost="seconds"),),
    )

    groups: int = param(16, "groups of words", low=2, high=32)

    def prepare(self, task):
        net = task.blank()
        task.add("head", nn.Linear(net.width, 1))
        x = task.start().embed.weight.detach()
        centres = x[RESERVED + torch.randperm(len(x) - RESERVED, generator=task.generator)[:self.groups].to(x.device)]
        for _ in range(10):
            group = nearest(x, centres)
            sums = torch.zeros_like(centres).index_add(0, group, x)
            counts = torch.bincount(group, minlength=self.groups)[:, None]
            centres = torch.where(counts > 0, sums / counts.clamp(min=1), centres)
        self.group = nearest(x, centres)
        member = (self.group[None] == torch.arange(self.groups, device=x.device)[:, None]).float()
        member[:, :RESERVED] = 0
        self.member = torch.where(member.sum(1, keepdim=True) > 0, member, torch.ones_like(member)).cpu()
        self.errors = torch.zeros(self.groups, self.groups, device=x.device)
        return net

    def loss(self, net, task):
        ids = task.draw()
        chosen = task.choose(ids, 0.15)
        own = self.group[ids[chosen]]
        odds = (self.errors[own] + 1 / self.groups).cpu()
        to = torch.multinomial(odds, 1, generator=task.generator)[:, 0]
        swapped = ids.clone()
        swapped[chosen] = torch.multinomial(self.member[to], 1, generator=task.generator)[:, 0].to(ids.device)
        logits = task.parts["head"](net.norm(net(swapped)))[..., 0]
        wrong = (logits.detach()[chosen] < 0).float()
        at = (own, to.to(ids.device))
        seen = torch.zeros_like(self.errors).index_put(at, torch.ones_like(wrong), accumulate=True)
        failed = torch.zeros_like(self.errors).index_put(at, wrong, accumulate=True)
        self.errors = torch.where(seen > 0, 0.9 * self.errors + 0.1 * failed / seen.clamp(min=1), self.errors)
        return detected(logits, swapped != ids)
