"""HCT: train on mixed and on distorted queries, then let the means move with the queries.

In a training episode of cosine logits the hidden features of two queries are mixed at a layer drawn anew, and the
network is to say the mix of their kinds; and what it says of a strongly distorted query is to be what it says of a
weakly distorted one. In the test, CIPA calibrates features and takes the means anew, over given drawings and shares of
queries, step by step. The queries are used together.

    h = l h_i + (1 - l) h_j,  l ~ Beta(2, 2),   L_mix = l CE(p(h), y_i) + (1 - l) CE(p(h), y_j)
    L = L_mix + CE(stop p(weak x), p(strong x)),   p = softmax_c(16 cos(f, m_c))
    test: p_ic = softmax_c(cos(x_i, m_c) / T),  m_c <- (sum of S drawings + sum_i p_ic x_i) / (S + sum_i p_ic), again

Departs from the paper: network, views and optimiser are the arena's; the weights of both parts, the scale of 16, the
Beta and the number of steps, 10, are ours; the weak view's answer is held fixed. T is the best of four on the
validation episodes.

>>> import torch
>>> h = torch.tensor([[0.0], [4.0]])
>>> mixed(h, torch.tensor([1, 0]), 0.25).tolist()
[[3.0], [1.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.heads import SCALE, cosines
from methods.arenas.few_shot_pretraining.stage.task import rate_factor
from methods.arenas.few_shot_pretraining.stage.transduction import best_temperature, moved
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param

LAYERS = (0, 3, 6)                 # before the first, second and third convolution


def mixed(h, order, share):
    """`share` of each row and the rest of the row that `order` names."""
    return share * h + (1 - share) * h[order]


class Hct(PretrainingMethod):
    card = Card(
        title="HCT with CIPA",
        papers=(Paper("Hybrid Consistency Training with Prototype Adaptation for Few-Shot Learning", 2020,
                      arxiv="2011.10082"),),
        fidelity="core",
        claims=(Beats("episodes-with-cipa", on="accuracy"),
                Beats("episodes-with-cipa", on="accuracy", setting="one-shot"),
                Beats("proto-net", on="accuracy"), Beats("proto-net", on="accuracy", setting="one-shot"),
                GainGrows("proto-net", on="accuracy", to="other-domain")),
    )
    transductive = True

    rate: float = rate_factor(3.0)
    mixing: float = param(1.0, "weight of the mixed queries' loss", low=0.0, high=4.0)
    agreeing: float = param(1.0, "weight of agreement between weak and strong views", low=0.0, high=4.0)

    def step(self, net, task):
        ways, shots, queries = task.split()
        x = task.episode(ways, shots + queries)
        given, asked = x[:, :shots].flatten(0, 1), x[:, shots:].flatten(0, 1)
        y = torch.arange(ways, device=x.device).repeat_interleave(queries)
        means = F.normalize(net(task.view(given)), dim=1).unflatten(0, (ways, shots)).mean(1)
        weak = task.view(asked)
        at = LAYERS[int(torch.randint(3, (1,), generator=task.generator))]
        order = torch.randperm(len(y), generator=task.generator).to(y.device)
        # two of Gamma(2), whose share is of Beta(2, 2)
        low, high = (-torch.rand(2, 2, generator=task.generator).log()).sum(1).tolist()
        share = low / (low + high)
        logits = SCALE * cosines(net[at:](mixed(net[:at](weak), order, share)), means)
        task.pay(len(y))
        loss = self.mixing * (share * F.cross_entropy(logits, y) + (1 - share) * F.cross_entropy(logits, y[order]))
        with torch.no_grad():
            target = (SCALE * cosines(net(weak), means)).softmax(1)
        strong = SCALE * cosines(net(task.view(asked, 1.0)), means)
        return loss + self.agreeing * F.cross_entropy(strong, target)

    def fit(self, task):
        net = super().fit(task)
        task.settle(net)
        asked, y = task.practice(net)
        self.temperature = best_temperature(asked.query, asked.support, y)
        return net

    def classify(self, asked, task):
        return moved(asked.query, asked.support, self.temperature)
