"""Online normalisation: running statistics in training too, with a gradient kept honest by feedback.

Each sample is standardised by running estimates that end just before it, so no batch is needed and
training does what testing does. But the exact gradient of that would need the whole past. Two
properties of the exact gradient are restored instead: it is orthogonal to the output and has
mean zero. Two running errors measure by how much the gradients so far missed them, and a
share of each is taken off the next one.

    y_t = (x_t - mu_{t-1}) / sigma_{t-1}
    mu_t = a mu_{t-1} + (1 - a) mean(x_t)
    sigma_t^2 = a sigma_{t-1}^2 + (1 - a) var(x_t) + a (1 - a) (mean(x_t) - mu_{t-1})^2
    g_t = y'_t - (1 - b) e_{t-1} y_t,             e_t = e_{t-1} + mean(g_t y_t)
    x'_t = g_t / sigma_{t-1} - (1 - b) u_{t-1},   u_t = u_{t-1} + mean(x'_t)

Mean and var run over the positions of one sample. After gain and bias each sample is divided by its root mean
square over all channels, which stops estimates that lag behind from blowing up through the layers.

Follows the paper.

>>> before, after = recurrence(torch.tensor([[0.5], [0.5]]), torch.tensor([[1.0], [2.0]]), torch.zeros(1))
>>> before.flatten().tolist(), after.tolist()     # averages of 2, 4 at decay 1/2: 0, then 1, then 2.5
([0.0, 1.0], [2.5])
"""

import torch
from torch import nn

from methods.arenas.components.arena import ComponentsMethod
from methods.kit.method import Beats, Card, Matches, Paper, Withstands
from methods.kit.nets import Affine
from methods.kit.params import param


class OnlineNorm(ComponentsMethod):
    card = Card(
        title="Online normalisation",
        papers=(Paper("Online Normalization for Training Neural Networks", 2019, "1905.05894"),),
        fidelity="faithful",
        claims=(Matches("batch-norm", on="accuracy", within=1.0),
                Beats("batch-norm", on="accuracy", setting="small-batch"),
                Withstands("batch-norm", on="accuracy", to="small-batch")),
        waivers={"every-image-is-answered-alone": "each sample moves the averages that the next is normalised with"},
    )

    forward_decay: float = param(0.999, "decay a of the running mean and variance, per sample", low=0.9, high=0.9999)
    backward_decay: float = param(0.99, "b: 1 - b of the running errors is taken off a gradient", low=0.9, high=0.9999)

    def norm(self, channels, site):
        return OnlineLayer(channels, self.forward_decay, self.backward_decay)


class OnlineLayer(nn.Module):
    """(N, C, ...) -> same; the samples of a batch follow each other."""

    def __init__(self, channels: int, forward_decay: float, backward_decay: float):
        super().__init__()
        self.affine, self.decays = Affine(channels), (forward_decay, backward_decay)
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.register_buffer("along_error", torch.zeros(channels))
        self.register_buffer("mean_error", torch.zeros(channels))

    def forward(self, x):
        flat = x.flatten(2) if x.dim() > 2 else x[..., None]          # (N, C, P)
        if self.training:
            y = Streaming.apply(flat, self)
        else:
            y = (flat - self.mean[:, None]) * torch.rsqrt(self.variance[:, None] + 1e-5)
        y = self.affine(y)
        y = y * torch.rsqrt(y.square().mean((1, 2), keepdim=True) + 1e-5)
        return y.view_as(x)


class Streaming(torch.autograd.Function):
    """Standardise (N, C, P) by the running statistics before each sample; the backward pass is controlled."""

    @staticmethod
    def forward(ctx, x, layer):
        a = layer.decays[0]
        variance, mean = torch.var_mean(x, dim=2, correction=0)          # (N, C)
        decay = torch.full_like(mean, a)
        means, layer.mean = recurrence(decay, (1 - a) * mean, layer.mean)
        spread = (1 - a) * variance + a * (1 - a) * (mean - means).square()
        variances, layer.variance = recurrence(decay, spread, layer.variance)
        scale = torch.rsqrt(variances + 1e-5)[..., None]
        y = (x - means[..., None]) * scale
        ctx.save_for_backward(y, scale)
        ctx.layer = layer
        return y

    @staticmethod
    def backward(ctx, grad):
        (y, scale), layer = ctx.saved_tensors, ctx.layer
        keep = 1 - layer.decays[1]
        errors, layer.along_error = recurrence(1 - keep * y.square().mean(2), (grad * y).mean(2), layer.along_error)
        grad = (grad - keep * errors[..., None] * y) * scale
        mean = grad.mean(2)
        errors, layer.mean_error = recurrence(torch.full_like(mean, 1 - keep), mean, layer.mean_error)
        return grad - keep * errors[..., None], None


def recurrence(decay, add, start):
    """s_t = decay_t * s_{t-1} + add_t with s_0 = start (C,): every s_{t-1} (N, C), and the last s_N (C,)."""
    if len(add) <= 4:
        states = [start]
        for kept, new in zip(decay.unbind(), add.unbind(), strict=True):
            states.append(torch.addcmul(new, kept, states[-1]))
        return torch.stack(states[:-1]), states[-1]
    decay, total, reach = decay.clone(), add.clone(), 1
    total[0] += decay[0] * start
    while reach < len(total):          # after each round a row sums over twice as many rows before it
        total[reach:] = total[reach:] + decay[reach:] * total[:-reach]
        decay[reach:] = decay[reach:] * decay[:-reach]
        reach *= 2
    return torch.cat([start[None], total[:-1]]), total[-1]
