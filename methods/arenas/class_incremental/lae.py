"""LAE: one small tuned module learns fast, its moving average remembers, and the surer of both answers.

The network is frozen and carries one parameter-efficient module, here low-rank changes of its linear maps or
adapters. In each session the module rests while the new classifier weights are calibrated, then both are trained on
the session's classes. An offline copy follows the online module slowly. At test time each class gets the larger of
its two softmax probabilities.

    theta_off <- a theta_off + (1 - a) theta_on   after every step from the second session on
    p(y | x) = max(softmax f(x; theta_on), softmax f(x; theta_off))

Departs from the paper: the speeds of kinds of modules are not calibrated against each other, since one kind is used at
a time; prefixes are left out; a is 0.99 instead of 0.9999, and the module rests for a fifth of a session instead of
three epochs of five; low-rank changes go to the maps to queries and values of all blocks, where the
authors' code takes keys and values of the lowest five.

>>> import torch
>>> surer(torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.125, 0.875]]).log()).exp().tolist()
[[0.5, 0.875]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only, swapped
from methods.kit.adapters import Bottleneck, LowRank, replace_linears
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def surer(online, offline):
    """The larger of two log probabilities (B, C)."""
    return torch.maximum(online, offline)


class Lae(ClassIncrementalMethod):
    card = Card(
        title="LAE (learning, accumulation, ensemble)",
        papers=(Paper("A Unified Continual Learning Framework with General Parameter-Efficient Tuning", 2023,
                      arxiv="2303.10070"),),
        fidelity="core",
        claims=(Beats("lora-fine-tune", on="last_accuracy"), Beats("l2p", on="last_accuracy")),
    )

    a: float = param(0.99, "how slowly the offline module follows", low=0.0, high=0.9999)
    calibration: float = param(0.2, "share of later sessions in which only the classifier learns", low=0.0, high=0.6)
    module: str = param("lora", "kind of tuned module", choices=("lora", "adapter"))

    def begin_session(self, net, session):
        if session.number == 0:
            net.requires_grad_(False)
            if self.module == "lora":
                parts = replace_linears(net, lambda linear: LowRank(linear, 4), ("query", "value"))
                self.online = [p for part in parts for p in (part.a, part.b)]
            else:
                for block in net.blocks:
                    block.after_feed = Bottleneck(net.width, 4)
                self.online = [p for block in net.blocks for p in block.after_feed.parameters()]
            net.to(session.x.device)
            self.offline = [p.detach().clone() for p in self.online]
        self.seen, self.resting = session.seen, session.number > 0 and self.calibration > 0
        self.trained = False
        for p in self.online:
            p.requires_grad_(not self.resting)
        groups = ((net.head.parameters(), session.head_rate),)
        if not self.resting:
            groups += ((self.online, session.part_rate),)
        session.optimise(*groups, ends=self.calibration if self.resting else 1.0)

    def loss(self, net, session):
        if self.trained and session.number and not self.resting:
            self.accumulate()
        if self.resting and session.progress >= self.calibration:
            self.resting = False
            session.optimise((net.head.parameters(), session.head_rate), (self.online, session.part_rate))
        self.trained = True
        x, y = session.draw()
        return F.cross_entropy(only(net(x), session.classes), y)

    def accumulate(self):
        with torch.no_grad():
            for off, on in zip(self.offline, self.online, strict=True):
                off.mul_(self.a).add_(on, alpha=1 - self.a)

    def end_session(self, net, session):
        if session.number:
            self.accumulate()
        else:                                      # the offline module begins as what the first session made
            self.offline = [p.detach().clone() for p in self.online]

    def scores(self, net, x):
        online = self.log_p(net, x)
        with swapped(self.online, self.offline):
            return surer(online, self.log_p(net, x))

    def log_p(self, net, x):
        """Log probabilities (B, C) among the classes seen; those of others are on the same scale."""
        logits = net(x)
        return logits - logits[:, self.seen].logsumexp(1, keepdim=True)
