"""Hard contrastive: tell a view from its nearest pictures only.

What makes a contrast work is how much harder near negatives are pushed than far ones; the temperature sets it. Leaving
out all but the nearest negatives gives that at any temperature, so that even a temperature of 1 does well.

    loss = mean -log exp(s_ii / tau) / (exp(s_ii / tau) + sum_{k: s_ik >= u_i} exp(s_ik / tau)),   s = cosine
    u_i = the quantile of the anchor's negatives above which a share of them lies

Departs from the paper: encoder, projector, views and optimiser are the arena's; negatives are the other views of the
batch and not a bank, and the share kept is ours; uniformity is measured on the
encoder's features and not behind the projector, where the loss acts.

>>> import torch
>>> z1, z2 = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.0, -1.0]])
>>> round(nearest_only(z1, z2, 1.0, 0.5).item(), 4)              # both negatives tie and stay: (.5514 + 1.8620) / 2
1.2067
"""

import torch
import torch.nn.functional as F

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def nearest_only(z1, z2, tau, share):
    """The contrast of SimCLR with a share of each view's negatives, the most alike."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    s, own = z @ z.T, torch.arange(len(z), device=z.device).roll(len(z1))
    apart = s.detach().clone().fill_diagonal_(-2.0).scatter_(1, own[:, None], -2.0)
    kept = max(1, round(share * (len(z) - 2)))
    hard = apart >= apart.topk(kept, 1).values[:, -1:]
    hard.scatter_(1, own[:, None], True)
    return F.cross_entropy((s / tau).masked_fill(~hard, -torch.inf), own)


class HardContrastive(SelfSupervisionMethod):
    card = Card(
        title="Hard contrastive loss",
        papers=(Paper("Understanding the Behaviour of Contrastive Loss", 2020, arxiv="2012.09740",
                      covers="the contrast with the hardest negatives only"),),
        fidelity="faithful",
        claims=(Beats("simclr-warm", on="linear", by=1), Beats("simclr-warm", on="uniformity")),
        reduces_to=("simclr-warm", {"share": 1.0, "rate": 0.3}),
    )

    rate: float = rate_factor(3.0)
    tau: float = param(1.0, "temperature of the contrast", low=0.02, high=2.0)
    share: float = param(0.1, "share of the negatives that is kept", low=0.01, high=1.0)

    def loss(self, z1, z2, task):
        return nearest_only(z1, z2, self.tau, self.share)
