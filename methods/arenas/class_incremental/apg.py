"""APG: generate prompts from what the network sees half-way, instead of looking them up.

Key matching needs a pretrained network whose features already say which prompt to take. Here a generator turns the
mean token after the first block into a query, lets it attend to itself and to a pool of learned tokens, one for each
class met, and what comes out are prompts for the later blocks. Of every old class three things are remembered: its
mean half-way token, the prompts that were made from it, and a Gaussian of its features. The generator must still make
the same prompts of the old tokens, and the classifier answers for drawn features of old classes as well.

    q = h + MLP(h),   v = q + Attn(q, [q; pool]),   P = v + MLP(v)
    loss = CE + lam (|P(h_c) - P_c|^2 / D + CE on drawn features),   c an old class

Departs from the paper: the half-way token is a mean, as there is no class token; the triplet losses and the bounds on
the prompts' size and on attention are left out.

>>> import torch
>>> drift(torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[0.0, 0.0]]])).item()                           # (1 + 4) / 2
2.5
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import Gaussians, class_means, in_parts, only
from methods.kit.method import Beats, Card, GainGrows, Matches, Paper
from methods.kit.params import param


def drift(prompts, before):
    """Mean squared distance of prompts (K, n, D) from what they were."""
    return (prompts - before).square().mean()


class Generator(nn.Module):
    """(B, D) half-way tokens -> (B, n, D) prompts, with the tokens of the classes seen."""

    def __init__(self, width, prompts, classes):
        super().__init__()
        self.enter = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.leave = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.attend = nn.MultiheadAttention(width, 2, batch_first=True)
        self.pool = nn.Parameter(0.02 * torch.randn(classes, width))
        self.places = nn.Parameter(0.02 * torch.randn(prompts, width))

    def forward(self, h, seen):
        h = h[:, None] + self.places                                                   # (B, n, D)
        q = h + self.enter(h)
        known = torch.cat([q, self.pool[seen].expand(len(q), -1, -1)], 1)
        v = q + self.attend(q, known, known, need_weights=False)[0]
        return v + self.leave(v)


class Apg(ClassIncrementalMethod):
    card = Card(
        title="APG (adaptive prompt generator)",
        papers=(Paper("When Prompt-based Incremental Learning Does Not Meet Strong Pretraining", 2023,
                      arxiv="2308.10445"),),
        fidelity="core",
        claims=(Beats("l2p", on="average_accuracy", setting="weak-pretraining"),
                GainGrows("l2p", on="average_accuracy", to="weak-pretraining"),
                Matches("l2p", on="average_accuracy", within=2.0)),
    )

    prompts: int = param(1, "prompts that the generator makes", low=1, high=16)
    lam: float = param(1.0, "weight of keeping the old classes' knowledge", low=0.0, high=10.0)

    def begin_session(self, net, session):
        if session.number == 0:
            net.requires_grad_(False)
            net.generator = Generator(net.width, self.prompts, session.total)
            net.to(session.x.device)
            self.gaussians, self.halfway = Gaussians(), session.names.new_zeros(session.total, net.width)
            self.made = session.names.new_zeros(session.total, self.prompts, net.width)
        self.seen = session.seen
        session.optimise(([*net.generator.parameters(), *net.head.parameters()], session.head_rate))

    def features(self, net, x):
        h = net.blocks[0](net.embed(x))
        h = torch.cat([net.generator(h.mean(1), self.seen), h], 1)
        for block in net.blocks[1:]:
            h = block(h)
        return net.pool(h)

    def loss(self, net, session):
        x, y = session.draw()
        loss = F.cross_entropy(only(net.head(self.features(net, x)), session.classes), y)
        if not (self.lam and self.gaussians.means):
            return loss
        old = session.old[torch.randperm(len(session.old))[:session.batch_size].to(y.device)]
        kept = drift(net.generator(self.halfway[old], self.seen), self.made[old])
        drawn, label = self.gaussians.draw(1)
        return loss + self.lam * (kept + F.cross_entropy(only(net.head(drawn), session.seen), label))

    def end_session(self, net, session):
        self.gaussians.add(in_parts(lambda x: self.features(net, x), session.x), session.y)
        tokens = in_parts(lambda x: net.blocks[0](net.embed(x)).mean(1), session.x)
        self.halfway[session.new] = class_means(tokens, session.y, session.new)
        self.made[session.new] = net.generator(self.halfway[session.new], self.seen)

    def scores(self, net, x):
        return net.head(self.features(net, x)) if hasattr(net, "generator") else net(x)
