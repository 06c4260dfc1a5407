"""BANG: calm the tuned model by smoothed and mixed labels before averaging it with the pretrained one.

Two networks that rely on different misleading cues correct each other when their weights are averaged. But tuning
makes a network overconfident, so that it drowns the pretrained half. Label smoothing and mixup keep its confidence
down, and the average is a balanced one.

    loss = lam * CE_eps(f(x'), y_i) + (1 - lam) * CE_eps(f(x'), y_j),   x' = lam * x_i + (1 - lam) * x_j
    w = (1 - share) * w_0 + share * w_tuned

Follows the paper.

>>> import torch
>>> blend(torch.tensor([1.0, 3.0]), torch.tensor([1, 0]), lam=0.75).tolist()
[1.5, 2.5]
"""

import torch
import torch.nn.functional as F

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.arenas.finetuning.stage.several_runs import between
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def blend(x, partner, lam):
    """lam * x + (1 - lam) * x[partner], for x (B, ...) and partner (B,)."""
    return lam * x + (1 - lam) * x[partner]


class Bang(FinetuningMethod):
    card = Card(
        title="Balanced averaging (BANG)",
        papers=(Paper("Spurious Feature Diversification Improves Out-of-distribution Generalization", 2023,
                      arxiv="2309.17230"),),
        fidelity="faithful",
        claims=(Beats("wise-ft", on="shifted_accuracy", setting="cues"),
                Beats("label-smoothing", on="shifted_accuracy", setting="cues"),
                Beats("wise-ft", on="shifted_accuracy")),
        reduces_to=("wise-ft", {"eps": 0.0, "mixing": 0.0}),
    )

    eps: float = param(0.2, "probability the targets spread over all classes", low=0.0, high=0.5)
    mixing: float = param(0.5, "how even the blends of two pictures are; 0 blends none", low=0.0, high=4.0)
    share: float = param(0.5, "share of the tuned weights", low=0.0, high=1.0)

    def loss(self, net, task):
        batch = task.draw()
        lam, partner = 1.0, torch.arange(len(batch.y), device=batch.y.device)
        if self.mixing:
            lam = torch.distributions.Beta(self.mixing, self.mixing).sample().item()
            partner = torch.randperm(len(batch.y), device=batch.y.device)
        logits = net(blend(batch.x, partner, lam))
        return lam * F.cross_entropy(logits, batch.y, label_smoothing=self.eps) \
            + (1 - lam) * F.cross_entropy(logits, batch.y[partner], label_smoothing=self.eps)

    def finish(self, net, task):
        net.load_state_dict(between(net.state_dict(), task.start, self.share))
        return net
