"""DAFOS-Net: episodes of two looks that hold unknown queries, real ones and made-up ones.

Base kinds in their look and the few other kinds in the look of the test make episodes of their own, through one network
with batch norms for each look. A generator with little noise adds features to the given ones, one with much noise makes
up unknown queries; a small network learns from a query's three smallest distances whether it is of a given kind. Means
of both looks are drawn together, and in each look kinds apart.

    m_c = mean of the S given f(x) and S made-up ones,   d_c = |f(x) - m_c|^2
    L = CE(-d, y) + 0.75 CE(r(d), known) + 0.19 T_base + 0.31 T_other + 0.125 |mean_c m_base - mean_c m_other|^2 / D,
    the first two terms once for each look, r of the roots of the three smallest d, D features
    T = max(0, mean_c (distance to own queries - distance to other and unknown queries) + 0.5)
    generators against judges; the noisy one also  (1 + cos(noises)) max(0, cos(features made with little and much))

Departs from the paper: network, views and optimiser are the arena's, one optimiser for all parts; generators are
conditioned on a kind's mean, not its number in the episode, without the inner steps (Reptile) that numbers need; judges
have spectral norm; plain cross-entropy for the sum of right probabilities; no network that names the look; means of
both looks are drawn together as they are, not under the scales and offsets of the batch norms. The weights are the
public code's, by the first, without its further factors of 100 on the first term and 1,000 on the last; in T distances
are averaged over features as there, in d they are summed where it averages, and r reads roots where it reads d.

>>> import torch
>>> from methods.arenas.few_shot_pretraining.stage.domains import apart, centre_pull
>>> one = torch.tensor([[1.0, 0.0]])
>>> apart(one, one, one, -one).item(), apart(one, one, one, one).item()
(0.0, 2.0)
>>> centre_pull(torch.tensor([[0.0], [1.0]]), torch.tensor([[[0.0]], [[1.0]]]), torch.tensor([[0.5]])).item()
0.0
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.domains import NOISE, Pair, TwoLooks, apart, centre_pull, nearest_three
from methods.arenas.few_shot_pretraining.stage.task import episode_loss, rate_factor, squared_distances
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class DafosNet(PretrainingMethod):
    card = Card(
        title="DAFOS-Net",
        papers=(Paper("Domain Adaptive Few-Shot Open-Set Learning", 2023, arxiv="2309.12814"),),
        fidelity="core",
        claims=tuple(Beats(rival, on=metric, setting="open-set") for metric in ("unknown_auroc", "accuracy")
                     for rival in ("proto-net", "joint-proto-net")),
    )

    rate: float = rate_factor(0.3)
    rejecting: float = param(0.75, "weight of telling known from unknown queries", low=0.0, high=4.0)
    little: float = param(0.2, "deviation of the noise behind made-up given drawings", low=0.05, high=1.0)

    def fit(self, task):
        net = nn.ModuleDict({"encoder": TwoLooks(task.encoder()), "low": Pair(task.features),
                             "high": Pair(task.features), "reject": nn.Sequential(
                                 nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 2))})
        net.to(task.pictures.device)
        self.reject = net["reject"]
        task.train(net, lambda: self.step(net, task), counted=net["encoder"], rate=self.rate)
        net["encoder"].look = 1
        return net["encoder"]

    def step(self, net, task):
        loss, centres = 0.0, []
        for look, pull in ((0, 0.19), (1, 0.31)):
            part, means = self.episode(net, task, look, pull)
            loss = loss + part
            centres.append(means.mean(0))
        return loss + 0.125 * (centres[0] - centres[1]).square().mean()

    def episode(self, net, task, look, pull):
        ways, shots, queries = task.split()
        x = task.episode(ways + ways // 2, shots + queries, other=look == 1)
        ways = len(x) * 2 // 3
        net["encoder"].look = look
        z = net["encoder"](task.view(x.flatten(0, 1))).unflatten(0, x.shape[:2])
        given, known, strange = z[:ways, :shots], z[:ways, shots:], z[ways:].flatten(0, 1)
        real, own = given.flatten(0, 1).detach(), given.mean(1).repeat_interleave(shots, 0).detach()
        noise = torch.randn(2, len(real), NOISE, generator=task.generator).to(x.device)
        low, high = net["low"].made(self.little * noise[0], own), net["high"].made(noise[1], own)
        games = net["low"].losses(real, low, own) + net["high"].losses(real, high, own) + apart(
            high, low.detach(), noise[1], self.little * noise[0])
        means = torch.cat([given, low.detach().unflatten(0, (ways, shots))], 1).mean(1)
        unknown = torch.cat([strange, high.detach()])
        d_known = squared_distances(known, means)
        inputs = torch.cat([d_known.flatten(0, 1), squared_distances(unknown, means)])
        truth = (torch.arange(len(inputs), device=x.device) < ways * queries).long()
        loss = episode_loss(-d_known) + games + self.rejecting * F.cross_entropy(
            net["reject"](nearest_three(inputs)), truth)
        return loss + pull * centre_pull(means, known, unknown), means

    def settle(self, net, task):
        task.settle(net, task.other)

    def classify(self, asked, task):
        return -squared_distances(asked.query, asked.support.mean(2))

    def surprise(self, asked, logits, task):
        with torch.no_grad():
            said = self.reject(nearest_three(-logits))
        return said[..., 0] - said[..., 1]
