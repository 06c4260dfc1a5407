"""MixDA: learn what is particular to each domain in parallel adapters, then let a gate mix them.

Beside the frozen feed-forward maps of the upper layers stands one bottleneck for every domain. First each learns
its domain without labels, while a second loss keeps the map what it was on generic inputs. Then they are frozen; a
gate mixes them for every token, and task adapters learn from labels.

    stage 1: restore(x in domain k) + lam * ||FFN(h) + A_k(h) - FFN(h)||^2 over generic h
    stage 2: FFN(h) + sum_k g_k A_k(h),   g = softmax(W h)

Departs from the paper: four looks of pictures stand in for domains of text, hidden patches for masked words, and
source pictures for generic text. The gate is one linear map that shares out among the adapters alone, for every token,
and adapters read the input of the feed-forward part; in the authors' code a deeper gate weighs the frozen map's output
as well, once for all tokens, and gate and adapters read its hidden units.

>>> import torch
>>> mixture = Domains(torch.nn.Identity(), 2, 2, 1)
>>> with torch.no_grad():
...     _ = mixture.gate.weight.zero_(), mixture.adapters[0].up.bias.fill_(4.0)
>>> mixture(torch.zeros(1, 2)).tolist()                                        # half of what the first adapter adds
[[2.0, 2.0]]
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import Bottleneck
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Domains(nn.Module):
    """feed(h) plus one domain's adapter, or the gate's mixture of all when `domain` is None."""

    def __init__(self, feed, domains, width, size):
        super().__init__()
        self.feed, self.domain, self.added = feed, None, 0.0
        self.adapters = nn.ModuleList(Bottleneck(width, size, residual=False) for _ in range(domains))
        self.gate = nn.Linear(width, domains, bias=False)

    def forward(self, h):
        if self.domain is not None:
            change = self.adapters[self.domain](h)
        else:
            each = torch.stack([adapter(h) for adapter in self.adapters], -1)
            change = (each * torch.softmax(self.gate(h), -1).unsqueeze(-2)).sum(-1)
        self.added = change.square().mean()
        return self.feed(h) + change


class Mixda(PeftMethod):
    card = Card(
        title="Mixture of domain adapters",
        papers=(Paper("Mixture-of-Domain-Adapters: Decoupling and Injecting Domain Knowledge to Pre-trained Language "
                      "Models Memories", 2023, arxiv="2306.05406"),),
        fidelity="core",
        claims=(Beats("houlsby-adapter", on="target_accuracy", setting="domains"),
                Beats("lora", on="target_accuracy", setting="domains"),
                Beats("full-fine-tuning", on="source_accuracy", setting="domains")),
        waivers={"setting:sentences": "its domain adapters learn to restore hidden inputs, which a sentence "
                                      "encoder was not taught"},
    )

    size: int = param(4, "units of an adapter", low=1, high=16)
    first: float = param(0.3, "share of the budget for learning domains without labels", low=0.0, high=0.8)
    lam: float = param(2.0, "how firmly generic inputs are held", low=0.0, high=10.0)

    def adapt(self, net, task):
        self.mixtures, self.turn, self.labelled = [], 0, False
        for block in list(net.blocks)[len(net.blocks) // 2:]:
            block.feed = Domains(block.feed, max(task.looks, 2), net.width, self.size)
            self.mixtures.append(block.feed)
        net.tasks = nn.ModuleList(Bottleneck(net.width, 2 * self.size) for _ in net.blocks)
        for block, adapter in zip(net.blocks, net.tasks, strict=True):
            block.after_attention = adapter

    def advance(self, net, task):
        if task.enters(self.first):
            self.labelled = True
            self.choose(None)
            for mixture in self.mixtures:
                mixture.adapters.requires_grad_(False)
            task.stage(net)
        elif task.enters(0.0):
            task.stage(net, self.first)

    def choose(self, domain):
        for mixture in self.mixtures:
            mixture.domain = domain

    def loss(self, net, task):
        if self.labelled:
            return self.error(net, task.draw())
        domain = self.turn % len(self.mixtures[0].adapters)
        self.turn += 1
        self.choose(domain)
        rows = (task.train.look == domain).nonzero()[:, 0] if task.looks > 1 else None
        x = task.train.x[rows] if rows is not None and len(rows) else task.pool
        x = x[task.draw_from(x)]
        h, hidden = net.hide(x)
        found = net.restore_loss(net.encode(h), x, hidden)
        if task.context.shape[1:] == x.shape[1:] and self.lam:
            net.encode(net.embed(task.context[task.draw_from(task.context)]))
            found = found + self.lam * sum(mixture.added for mixture in self.mixtures)
        self.choose(None)
        return found
