"""Mitigating the stability gap: a good quarter of the new text several times, mixed with old text.

Plain continued training first loses what it knew and recovers late. Three remedies: several passes over a part of the
new text instead of one over all; that part is the one with the lowest perplexity under a model of the new text; and old
text in its first proportions is mixed in.

    S = the quarter of the new windows with the lowest perplexity;   a batch: 3/4 of S, 1/4 old, all old sources alike

Departs from the paper: the judge of quality is a smoothed bigram model of the new windows; how much of a batch is old
is the arena's, as for replay; windows of S are drawn with return, three times each on average, not in epochs.

>>> import torch
>>> bigram_nats(torch.tensor([[1, 2, 1, 2], [2, 2, 1, 1]]), 3).argmin().item()     # 1, 2 follow each other most often
0
"""

import torch

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def bigram_nats(windows, pieces):
    """(N,) mean loss of windows (N, T) under a bigram model of all of them, half a count added to each pair."""
    windows = windows.long()
    pair = windows[:, :-1] * pieces + windows[:, 1:]
    counts = torch.bincount(pair.flatten(), minlength=pieces ** 2).view(pieces, pieces) + 0.5
    return -(counts / counts.sum(1, keepdim=True)).log().flatten()[pair].mean(1)


class StabilityGap(ContinualPretrainingMethod):
    card = Card(
        title="Mitigating the stability gap",
        papers=(Paper("Efficient Continual Pre-training by Mitigating the Stability Gap", 2024, arxiv="2406.14833"),),
        fidelity="core",
        claims=(Beats("naive", on="mean_bpb", by=0.05), Beats("replay", on="mean_bpb"), Beats("replay", on="new_bpb")),
    )
    rate_factor = 3.0

    share: float = param(0.25, "of the new text, read several times", low=0.1, high=1.0)
    best: bool = param(True, "the windows of lowest perplexity, not any")
    old: float = param(0.25, "of a batch, old text", low=0.0, high=0.9)

    def prepare(self, net, task):
        order = bigram_nats(task.new, len(task.sizes)).argsort() if self.best else torch.arange(len(task.new))
        self.rows = order[:max(1, round(self.share * len(order)))].cpu()
        return net

    def batch(self, task):
        old = round(self.old * task.size)
        at = self.rows[torch.randint(len(self.rows), (task.size - old,), generator=task.generator)]
        return torch.cat([task.new[at.to(task.device)], task.recall(old)])
