"""T2S-DA: pull the target to the source, never the source to the target.

Source pictures restyled with the target's feature statistics keep their labels, so they are a target whose classes are
known. Each of them is drawn, by contrast, to the same class's features of unstyled source pictures as a slowly moving
teacher sees them; those keys stand still. Classes the network is unsure of weigh more. Sure answers of the teacher
teach the target itself.

    loss = CE_s + CE_pseudo - weight * mean_i w_c(i) log( exp(q_i k_c / t) / sum_c' exp(q_i k_c' / t) )

Departs from the paper: classification of pictures instead of pixels, keys are class means of a batch, and target
style is that of feature statistics.

>>> import torch
>>> q, k = torch.eye(2), torch.eye(2)
>>> round(pull(q, torch.tensor([0, 1]), k, torch.ones(2), 1.0).item(), 4)    # log(1 + 1/e)
0.3133
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import class_means, follow, frozen_copy, moments, restyle
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def pull(q: Tensor, y: Tensor, keys: Tensor, weight: Tensor, t: float) -> Tensor:
    """Contrast of queries (B, D) with class keys (C, D), weighted by class (C,)."""
    near = F.normalize(q, dim=1) @ F.normalize(keys, dim=1).T / t
    return (weight[y] * F.cross_entropy(near, y, reduction="none")).mean()


class T2sDa(DomainAdaptationMethod):
    card = Card(
        title="T2S-DA",
        papers=(Paper("Pulling Target to Source: A New Perspective on Domain Adaptive Semantic Segmentation", 2023,
                      arxiv="2305.13752"),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy"), Beats("pseudo-label", on="target_accuracy"),
                Beats("dann", on="target_accuracy"), Beats("pseudo-label", on="worst_class")),
        waivers=SOURCE_GONE,
    )

    weight: float = param(0.3, "how much the pull counts", low=0.0, high=2.0)
    temperature: float = param(0.1, "temperature of the contrast", low=0.02, high=1.0)

    def begin(self, net, task):
        self.teacher = frozen_copy(net)
        self.trust = torch.ones(task.classes).to(task.unlabelled.device)
        task.optimise((net.parameters(), 1.0))

    def loss(self, net, task):
        (x, y), (_, u) = task.source(), task.target()
        follow(self.teacher, net, 0.99)
        with torch.no_grad():
            believed, labels = self.teacher(u).softmax(1).max(1)
            keys = class_means(self.teacher.features(x), F.one_hot(y, task.classes).float())
        h = net.early(x)
        loss = F.cross_entropy(net.head(net.late(h)), y)
        if len(u) > 1:
            logits = net(task.strong_view(u, 0.2))
            loss = loss + (F.cross_entropy(logits, labels, reduction="none") * (believed > 0.8)).mean()
            with torch.no_grad():
                mean, std = moments(net.early(u))
            drawn = torch.randint(len(u), (len(x),), generator=task.random)
            q = net.late(restyle(h, mean[drawn], std[drawn]))
            one = F.one_hot(labels, task.classes).float()
            seen = one.sum(0) > 0
            self.trust = torch.where(seen, 0.9 * self.trust + 0.1 * (believed @ one) / one.sum(0).clamp_min(1),
                                     self.trust)
            doubt = 1 - self.trust + 1e-3
            loss = loss + self.weight * pull(q, y, keys, 0.5 + 0.5 * doubt / doubt.mean(), self.temperature)
        return loss
