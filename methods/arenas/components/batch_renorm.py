"""Batch renormalisation: use the batch's statistics, corrected towards the running ones.

Batch normalisation computes one function in training (with the batch's mean and variance) and
another in use (with running averages), and the smaller the batch the wider they part. Here
each standardised value is moved by a factor r and an offset d that turn it into what the running
averages would give. Both count as constants for the gradient and are clipped.

    y = (x - mu_B) / sigma_B * r + d
    r = clip(sigma_B / sigma, 1 / r_max, r_max),    d = clip((mu_B - mu) / sigma, -d_max, d_max)

Training starts with r = 1 and d = 0, plain batch normalisation, until the running averages mean something;
then the clips open evenly: d_max is reached after 5 times as many steps, r_max after 8 times, which are the
paper's 5,000, 25,000 and 40,000 steps.

Departs from the paper: the schedule is 400 times shorter, for training is; a step moves the running averages by a
tenth, where the paper's move by a hundredth.

>>> [round(v, 3) for v in correction(batch_mean=1.0, batch_std=2.0, mean=0.0, std=1.0, r_max=3.0, d_max=0.5)]
[2.0, 0.5]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.components.arena import ComponentsMethod
from methods.kit.method import Beats, Card, Paper, Withstands
from methods.kit.nets import Affine, along_channels
from methods.kit.params import param


class BatchRenorm(ComponentsMethod):
    card = Card(
        title="Batch renormalisation",
        papers=(Paper("Batch Renormalization: Towards Reducing Minibatch Dependence in Batch-Normalized Models",
                      2017, "1702.03275"),),
        fidelity="core",
        claims=(Beats("batch-norm", on="accuracy", setting="small-batch"),
                Withstands("batch-norm", on="accuracy", to="small-batch")),
        waivers={"knob:r_max": "the clips open after 12 steps and a smoke run has three", "knob:d_max": "as for r_max",
                 "every-image-is-answered-alone": "it normalises over the batch"},
    )

    r_max: float = param(3.0, "widest correction of the scale", low=1.0, high=10.0)
    d_max: float = param(5.0, "widest correction of the centre", low=0.0, high=10.0)
    warm: int = param(12, "steps of plain batch normalisation; the clips are open after 5 and 8 times as many",
                      low=1, high=1000)

    def norm(self, channels, site):
        return Renorm(channels, self.r_max, self.d_max, self.warm)


class Renorm(nn.Module):
    """(N, C, ...) -> same."""

    def __init__(self, channels: int, r_max: float, d_max: float, warm: int):
        super().__init__()
        self.affine, self.r_max, self.d_max, self.warm, self.steps = Affine(channels), r_max, d_max, warm, 0
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, x):
        if not self.training:
            return self.affine(F.batch_norm(x, self.mean, self.variance))
        after = max(0.0, self.steps / self.warm - 1)
        wide_r, wide_d = min(1.0, after / 7), min(1.0, after / 4)
        self.steps += 1
        with torch.no_grad():
            variance, mean = torch.var_mean(x, dim=[0, *range(2, x.dim())], correction=0)
            r, d = correction(mean, (variance + 1e-5).sqrt(), self.mean, (self.variance + 1e-5).sqrt(),
                              1 + wide_r * (self.r_max - 1), wide_d * self.d_max)
        y = F.batch_norm(x, self.mean, self.variance, training=True)
        return self.affine(y * along_channels(r, x) + along_channels(d, x))


def correction(batch_mean, batch_std, mean, std, r_max: float, d_max: float):
    """The factor r and the offset d, for numbers or tensors (C,)."""
    r, d = torch.as_tensor(batch_std / std), torch.as_tensor((batch_mean - mean) / std)
    r, d = r.clamp(1 / r_max, r_max), d.clamp(-d_max, d_max)
    return (r, d) if r.dim() else (float(r), float(d))
