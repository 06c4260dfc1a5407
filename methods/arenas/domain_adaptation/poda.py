"""PODA: find the feature statistics that would make a source picture look like the described target, and learn there.

Prompt-driven instance normalisation gives each source feature map a new mean and spread per channel, started at its
own and moved by a few gradient steps until the pooled feature points where the target's embedding does. The bank of
statistics so mined restyles the source while the classifier learns on.

    f = relu( sigma * (f_s - mu(f_s)) / sigma(f_s) + mu ),   sigma >= 0
    minimise over mu, sigma   1 - cos(g(f), target embedding)

Departs from the paper: this network speaks no language, so the target's embedding is the feature of the unlabelled
target pictures (in the one-shot setting a single one) instead of that of a sentence, and the layers behind the
restyled one learn with the classifier instead of standing still. Ten steps instead of a hundred, on the sum over a
batch instead of its mean.

>>> import torch
>>> round(away(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]])).item(), 4)        # 1 - 1 / sqrt 2
0.2929
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import moments, predict, restyle
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def away(z: Tensor, target: Tensor) -> Tensor:
    """(B,): one minus the cosine of z (B, D) with target (1, D)."""
    return 1 - F.cosine_similarity(z, target, dim=1)


class Poda(DomainAdaptationMethod):
    card = Card(
        title="PODA",
        papers=(Paper("PØDA: Prompt-driven Zero-shot Domain Adaptation", 2022, arxiv="2212.03241"),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy", setting="one-shot"),
                Beats("ossa", on="target_accuracy", setting="one-shot")),
        waivers=SOURCE_GONE,
    )

    mining: int = param(10, "gradient steps on the statistics", low=0, high=30)
    pace: float = param(1.0, "step size on the statistics, with momentum 0.9", low=0.01, high=3.0)

    def begin(self, net, task):
        target = predict(net, task.unlabelled)[0].mean(0, keepdim=True)
        net.eval()
        with torch.no_grad():
            h = net.early(task.source()[0])
        self.mean, self.std = (part.clone().requires_grad_(True) for part in moments(h))
        moving = torch.optim.SGD([self.mean, self.std], self.pace, momentum=0.9)
        for _ in range(self.mining):
            away(net.late(restyle(h, self.mean, self.std).relu()), target).sum().backward(inputs=[self.mean, self.std])
            moving.step()
            moving.zero_grad()
            self.std.data.clamp_(min=0)
        net.train()
        self.mean, self.std = self.mean.detach(), self.std.detach()
        learning = [p for part in (net.body, net.neck, net.head) for p in part.parameters()]
        task.optimise((learning, 1.0))

    def loss(self, net, task):
        x, y = task.source()
        with torch.no_grad():
            h = net.early(x)
        drawn = torch.randint(len(self.mean), (len(x),), generator=task.random)
        return F.cross_entropy(net.head(net.late(restyle(h, self.mean[drawn], self.std[drawn]).relu())), y)
