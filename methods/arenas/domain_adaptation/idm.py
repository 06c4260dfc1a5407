"""IDM: of the pictures in the one target's style, learn only from those the network is unsure about.

Source pictures take on the single target picture's style. Entropy says which of them still teach something: only those
above the running mean are used. Patches of one stylised picture are pasted over another, with labels in proportion,
and the answers that feature prototypes give to target pictures should be sure and diverse.

    loss = CE(mixed, y, y') + weight * (H(p) - H(mean p)),   p = softmax(cos(z, prototypes) / t)

Departs from the paper: pictures instead of pixels, the style is that of early feature statistics, and prototypes are
the means of a source batch.

>>> import torch
>>> from methods.arenas.domain_adaptation.stage.nets import class_means
>>> class_means(torch.tensor([[1.0], [3.0]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])).tolist()      # (1 + 3) / 2
[[2.0], [0.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import class_means, entropy, information, moments, restyle
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Idm(DomainAdaptationMethod):
    card = Card(
        title="IDM",
        papers=(Paper("Informative Data Mining for One-Shot Cross-Domain Semantic Segmentation", 2023,
                      arxiv="2309.14241"),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy", setting="one-shot"),
                Beats("ossa", on="target_accuracy", setting="one-shot"),
                Beats("entropy-minimisation", on="target_accuracy", setting="one-shot")),
        waivers=SOURCE_GONE,
    )

    weight: float = param(0.1, "how much the prototypes' information counts", low=0.0, high=1.0)
    patch: float = param(0.4, "side of the pasted patch, in sides of the map", low=0.0, high=0.8)

    def begin(self, net, task):
        self.threshold = 0.0
        task.optimise((net.parameters(), 1.0))

    def loss(self, net, task):
        (x, y), (_, u) = task.source(), task.target()
        with torch.no_grad():
            net.eval()
            mean, std = moments(net.early(u[:1]))
            styled = restyle(net.early(x), mean, std)
            doubt = entropy(net.head(net.late(styled)).softmax(1))
            net.train()
        kept = doubt >= self.threshold
        self.threshold = 0.9 * self.threshold + 0.1 * doubt.mean().item()
        h = net.early(x)
        plain = net.late(h)
        loss = F.cross_entropy(net.head(plain), y)
        if kept.sum() > 1:
            s, t = restyle(h, mean, std)[kept], y[kept]
            order = torch.randperm(len(s), generator=task.random).to(t.device)
            side = int(self.patch * s.shape[-1])
            corner = torch.randint(0, s.shape[-1] - side + 1, (2,), generator=task.random).tolist()
            mixed = s.clone()
            mixed[..., corner[0]:corner[0] + side, corner[1]:corner[1] + side] = \
                s[order][..., corner[0]:corner[0] + side, corner[1]:corner[1] + side]
            share = side ** 2 / s.shape[-1] ** 2
            logits = net.head(net.late(mixed))
            loss = loss + (1 - share) * F.cross_entropy(logits, t) + share * F.cross_entropy(logits, t[order])
        v = net.features(u) if len(u) > 1 else net.late(restyle(h, mean, std))
        prototypes = class_means(plain, F.one_hot(y, task.classes).float()).detach()
        p = (F.normalize(v, dim=1) @ F.normalize(prototypes, dim=1).T / 0.1).softmax(1)
        return loss + self.weight * information(p)
