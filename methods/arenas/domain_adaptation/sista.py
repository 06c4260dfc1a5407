"""SiSTA: let a generator, tuned to one target picture and pruned, make the target data that is missing.

A generator trained on the source is tuned until it redraws the single target picture. Codes of source pictures,
decoded by it, are synthetic target pictures; where an activation is small, it is set to zero or back to what the
source's generator had, which makes them vary. The classifier adapts to them as if they were the target, without
labels: sure and diverse answers, and those of the nearest centroid.

    minimise over the generator's style   |G_t(code of the target) - target|^2
    h <- h where h > its channel's percentile p, else 0 (zero) or the source generator's h (rewind)

Departs from the paper: the generator draws early feature maps instead of pictures, being the network's own with scale
and shift per channel as its style; SHOT takes the place of neighbourhood clustering.

>>> import torch
>>> pruned(torch.tensor([[[[1.0, -3.0, 2.0, 0.5]]]]), torch.zeros(1, 1, 1, 4), 0.5).flatten().tolist()  # median 0.75
[1.0, 0.0, 2.0, 0.0]
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import information, moments, nearest_mean_labels
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def pruned(h: Tensor, instead: Tensor, share: float) -> Tensor:
    """h (B, C, H, W) with the lowest `share` of each channel replaced."""
    limit = h.flatten(2).quantile(share, dim=2)[:, :, None, None]
    return torch.where(h > limit, h, instead)


class Sista(DomainAdaptationMethod):
    card = Card(
        title="SiSTA",
        papers=(Paper("Target-Aware Generative Augmentations for Single-Shot Adaptation", 2023, arxiv="2305.13284"),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy", setting="one-shot"),
                Beats("adabn", on="target_accuracy", setting="one-shot"),
                Beats("domain-randomisation", on="target_accuracy", setting="one-shot")),
        waivers=SOURCE_GONE,
    )

    share: float = param(0.2, "share of activations that is pruned", low=0.0, high=0.8)
    prune: str = param("rewind", "what takes the place of pruned activations", choices=("rewind", "zero"))
    tuning: int = param(20, "steps of tuning to the target", low=0, high=60)
    beta: float = param(0.3, "how much the centroids' answers count", low=0.0, high=2.0)

    def begin(self, net, task):
        net.eval()
        with torch.no_grad():
            mean, std = (part.mean(0, keepdim=True) for part in moments(net.early(task.source()[0])))
            goal = net.early(task.unlabelled[:1])
        code = (goal - moments(goal)[0]) / moments(goal)[1]
        style = [mean.clone().requires_grad_(True), std.clone().requires_grad_(True)]
        for _ in range(self.tuning):
            off = (code * style[1] + style[0] - goal).square().mean((0, 2, 3)).sum()
            style = [(s - 0.2 * g).detach().requires_grad_(True)
                     for s, g in zip(style, torch.autograd.grad(off, style), strict=True)]
        self.style, self.old = [s.detach() for s in style], (mean, std)
        net.train()
        task.optimise((net.backbone(), 1.0))

    def loss(self, net, task):
        h = net.early(task.source()[0])
        own_mean, own_std = moments(h)
        code = (h - own_mean) / own_std
        drawn = bool(torch.randint(2, (), generator=task.random))               # half of the batches are pruned
        made = code * self.style[1] + self.style[0]
        if drawn:
            rewound = code * self.old[1] + self.old[0]
            made = pruned(made, rewound if self.prune == "rewind" else torch.zeros_like(h), self.share)
        z = net.late(made)
        p = net.head(z).softmax(1)
        labels = nearest_mean_labels(z.detach(), p.detach())
        return information(p) + self.beta * F.nll_loss(p.clamp_min(1e-8).log(), labels)
