"""SABR: make up kinds in a space where features already mean what names mean.

First a layer is trained on seen kinds so that its output tells kinds apart and, through a second head, points to their
names; fewer points are then nearest to everything. Kinds are made up in that space, by a generator that both heads
judge. When unseen drawings are given, a second generator follows: what it makes of unseen names, all together, must
look like those drawings to a critic that is not told kinds, while its weights stay near the first one's.

    psi: CE(g(psi(x)), y) + w CE(softmax_c(rho(psi(x))' s_c), y)
    G: Wasserstein + beta (CE(g(G), y) + w CE(softmax_c(rho(G)' s_c), y))
    G_u, with unseen drawings: Wasserstein without kinds + omega / 2 |theta_u - theta|^2

Departs from the paper: one layer on fixed features, 128 units; g is fitted anew once psi is done; sizes, rates and
steps as for f-CLSWGAN here, so that how long to train is not found on kinds held out; the second generator starts at
the first, for it has only half as many steps, and its offsets are held near the first one's too. w is the best of three
(0.1, 1, 10), omega of three (0.01, 0.1, 1; in `transductive`) on seeds 100 to 102.

>>> import torch
>>> toward(torch.zeros(1, 2), torch.eye(2), torch.tensor([0])).exp().item()                               # both alike
2.0
"""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.zero_shot.stage.generating import Critic, GeneratingMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def toward(said, vectors, y):
    """Cross-entropy of the products of (N, T) with the vectors (S, T) of seen kinds."""
    return F.cross_entropy(said @ vectors.T, y)


class Sabr(GeneratingMethod):
    card = Card(
        title="SABR",
        papers=(Paper("Semantically Aligned Bias Reducing Zero Shot Learning", 2019, arxiv="1904.07659"),),
        fidelity="core",
        claims=(Beats("f-clswgan", on="harmonic"), Beats("f-clswgan", on="unseen_accuracy"),
                Beats("f-clswgan", on="unseen_accuracy", setting="transductive"),
                Beats("f-clswgan", on="harmonic", setting="transductive")),
        waivers={"knob:omega": "used where unseen drawings are given"},
    )

    aligned: float = param(1.0, "weight of the head that points to names", low=0.0, high=100.0)
    omega: float = param(1.0, "how near the second generator stays to the first", low=0.0, high=1000.0)

    positive = True

    def space(self, task):
        x, y, self.seen_vectors = super().encode(task.x, task), task.y, task.vectors[:task.seen]
        self.psi = nn.Sequential(nn.Linear(x.shape[1], 128), nn.ReLU()).to(x.device)
        self.named = nn.Linear(128, task.vectors.shape[1], device=x.device)
        told = nn.Linear(128, task.seen, device=x.device)
        optimizer = torch.optim.Adam([p for net in (self.psi, self.named, told) for p in net.parameters()], 0.003,
                                     fused=True)
        for _ in range(200 // task.trial.options.shorter):
            rows = torch.randint(len(x), (256,), device=x.device)
            z = self.psi(x[rows])
            loss = F.cross_entropy(told(z), y[rows]) + self.aligned * toward(self.named(z), self.seen_vectors, y[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        for net in (self.psi, self.named):
            net.requires_grad_(False)
        return self.psi(x)

    def encode(self, x, task):
        return self.psi(super().encode(x, task))

    def judge(self, z, y):
        return super().judge(z, y) + self.aligned * toward(self.named(z), self.seen_vectors, y)

    def after(self, generator, task):
        if task.unlabelled is None:
            return generator
        z, s, first = self.encode(task.unlabelled, task), self.parts[task.seen:], copy.deepcopy(generator)
        critic = Critic(z.shape[1], task.trial.options.hidden).to(z.device)
        adam_g, adam_c = self.optimizers(generator, critic)
        for _ in range(max(1, self.steps // task.trial.options.shorter // 2)):
            self.criticise(generator, critic, adam_c, z, s, blind=True)
            rows = torch.randint(len(s), (self.batch,), device=z.device)
            moved = sum((p - q.detach()).square().sum() for p, q in zip(generator.parameters(), first.parameters(),
                                                                        strict=True))
            loss = self.omega / 2 * moved - critic(generator(s[rows])).mean()
            adam_g.zero_grad(set_to_none=True)
            loss.backward()
            adam_g.step()
        return generator
