"""ShrinkMatch: where the network is not sure, leave out the classes it confuses and learn from the rest.

As FixMatch where a guess is sure. Where it is not, the classes next in rank after the best are left out until the best
would be sure among what is left; in that smaller choice a head of its own must name the strong view. Little weight is
on doubtful guesses and, while few guesses are sure, on all of them.

    c = the smallest rank >= 2 with p_1 / (p_1 + sum_{j > c} p_j) >= tau,   kept: 1 and those after c
    loss = FixMatch + g mean_{unsure u} p_1 CE(1, aux(strong u) on what is kept),   g = moving share of sure guesses

Departs from the paper: network, views and optimiser are the arena's, the trained weights are asked and not their
average, sure guesses are hard as in FixMatch here (the authors' are probabilities, and aligned with their own mean); g
keeps 0.98 of itself in a step and not 0.999, as there are some hundred steps. As in the authors' code an unsure picture
always keeps the last class, and does not count if even that is not enough.

>>> import torch
>>> kept, sure = shrunk(torch.tensor([[0.6, 0.3, 0.08, 0.02]]), 0.95)            # .6 / (.6 + .02): two left out
>>> kept.tolist(), sure.tolist()
([[True, False, False, True]], [True])
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.semi_supervised.arena import SemiSupervisedMethod
from methods.arenas.semi_supervised.stage.task import rate_factor
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def shrunk(p, tau):
    """Of probabilities p (B, C): which classes are kept (B, C), and whether the best is sure among them (B,)."""
    ranked, order = p.sort(1, descending=True)
    after = ranked.flip(1).cumsum(1).flip(1)                                        # (B, C): sum from each rank on
    share = ranked[:, :1] / (ranked[:, :1] + after)                              # had by keeping 1 and ranks from c on
    enough = share[:, 2:] >= tau
    first = torch.where(enough.any(1), enough.int().argmax(1), enough.shape[1] - 1) + 2
    ranks = torch.arange(p.shape[1], device=p.device)
    kept = (ranks == 0) | (ranks >= first[:, None])
    return torch.zeros_like(kept).scatter(1, order, kept), enough.any(1)


class ShrinkMatch(SemiSupervisedMethod):
    card = Card(
        title="ShrinkMatch",
        papers=(Paper("Shrinking Class Space for Enhanced Certainty in Semi-Supervised Learning", 2023,
                      arxiv="2308.06777"),),
        fidelity="core",
        claims=(Beats("fixmatch", on="accuracy"), Beats("fixmatch", on="accuracy", setting="one-label"),
                GainGrows("fixmatch", on="accuracy", to="one-label")),
        reduces_to=("fixmatch", {"shrink": 0.0}),
    )

    rate: float = rate_factor(3.0)
    tau: float = param(0.95, "probability from which a guess counts", low=0.0, high=0.999)
    lam: float = param(1.0, "weight of sure guesses", low=0.0, high=10.0)
    shrink: float = param(1.0, "weight of unsure guesses", low=0.0, high=10.0)
    keep: float = param(0.98, "what the share of sure guesses keeps of itself in a step", low=0.0, high=0.999)

    def network(self, task):
        net, self.share = task.network(), None
        narrow = max(2, net.features // 4)
        parts = []
        for into in (net.features, narrow):
            parts += [nn.Linear(into, narrow), nn.BatchNorm1d(narrow), nn.LeakyReLU(0.1)]
        net.aux = nn.Sequential(*parts, nn.Linear(narrow, 10)).to(net.classifier.weight.device)
        return net

    def loss(self, net, batch, task):
        sizes = [len(batch.x), len(batch.weak), len(batch.strong)]
        h = net.encoder(torch.cat([batch.x, batch.weak, batch.strong]))
        x, weak, strong = net.classifier(h).split(sizes)
        p = weak.detach().softmax(1)
        top, named = p.max(1)
        sure = (top >= self.tau).to(p.dtype)
        self.share = sure.mean() if self.share is None else self.keep * self.share + (1 - self.keep) * sure.mean()
        loss = F.cross_entropy(x, batch.y) + self.lam * (F.cross_entropy(strong, named, reduction="none") * sure).mean()
        kept, enough = shrunk(p, self.tau)
        unsure = F.cross_entropy(net.aux(h[-sizes[2]:]).masked_fill(~kept, -torch.inf), named, reduction="none")
        return loss + self.shrink * self.share * (unsure * top * enough * (1 - sure)).mean()
