"""Posterior metric: how surely a Gaussian for each group puts items back into their groups.

    p(c | z) = pi_c N(z; mu_c, Sigma_c) / sum_k pi_k N(z; mu_k, Sigma_k),   s = mean over items of log p(c_i | z_i)

Groups are made of what is known of items without labels. Covariances of many dimensions are ill estimated, so the
features are looked at through several heads, each of a few random dimensions, and s is the mean over heads.

Departs from the paper: groups are labels where there are any, else items that share three of the measured bits, with no
tree grown; groups of fewer than eight items are left out; each dimension is standardised, and a twentieth of its
variance is added to the diagonal; log posteriors are not clipped.
Four dimensions a part are the best of 2, 4 and 8, with labels, on seeds that are not scored.

>>> import torch
>>> z, y = torch.tensor([[-9.0], [-10.0], [9.0], [10.0]]), torch.tensor([0, 0, 1, 1])
>>> round(log_posterior(z[:, None], y).item(), 3)
-0.0
"""

import torch
import torch.nn.functional as F

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.arenas.model_selection.stage.task import groups
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

LEAST = 8


class PosteriorMetric(ModelSelectionMethod):
    card = Card(
        title="Posterior metric",
        papers=(Paper("Has Your Pretrained Model Improved? A Multi-head Posterior Based Approach", 2024,
                      arxiv="2401.02987"),),
        fidelity="core",
        claims=(Beats("random", on="tau", setting="unlabelled"), Beats("random", on="tau", setting="language")),
    )

    heads: int = param(16, "random parts of the dimensions that are looked at", low=1, high=64)
    size: int = param(4, "dimensions of a part", low=1, high=8)

    def score(self, model, task):
        y = groups(task)
        kept = (torch.bincount(y) >= LEAST)[y]
        z, y = model.features[kept], y[kept].unique(return_inverse=True)[1]
        if not len(y):
            return 0.0
        order = torch.rand(self.heads, z.shape[1], device=z.device).argsort(1)[:, :self.size]
        return log_posterior(z[:, order], y).item()


def log_posterior(z, y):
    """The mean over items and heads of z (N, H, d)."""
    z, own = z.double(), F.one_hot(y).double()
    z = (z - z.mean(0)) / z.std(0).clamp(min=1e-6)
    share, own_mean = own.mean(0), own / own.sum(0)
    pairs = (z[..., None] * z[..., None, :]).flatten(2)                                     # (N, H, d d)
    d, middle = z.shape[2], torch.einsum("nc,nhd->chd", own_mean, z)
    spread = torch.einsum("nc,nhp->chp", own_mean, pairs).unflatten(2, (d, d)) \
        - middle[..., None] * middle[..., None, :]
    spread = spread + 0.05 * torch.eye(d, dtype=z.dtype, device=z.device)
    sharp = torch.linalg.inv(spread)
    pull = (sharp @ middle[..., None])[..., 0]                                              # (C, H, d)
    off = torch.einsum("nhp,chp->chn", pairs, sharp.flatten(2)) - 2 * torch.einsum("nhd,chd->chn", z, pull) \
        + (middle * pull).sum(2)[..., None]
    near = -off / 2 - torch.linalg.slogdet(spread)[1][..., None] / 2 + share.log()[:, None, None]
    return near.log_softmax(0).gather(0, y[None, None].expand(1, *near.shape[1:])).mean()
