"""Learning without names: two views of a picture are to be told from all others; then a layer reads what was learnt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.domain_generalization.stage.nets import FEATURES, Net

TAU, SHARE = 0.2, 0.75          # temperature, and the share of the steps without names


def contrast(a: Tensor, b: Tensor, tau: float = TAU) -> Tensor:
    """SimCLR's loss of two views (N, D).

    >>> round(contrast(torch.eye(2), torch.eye(2), 1.0).item(), 4)                       # -log(e / (e + 2))
    0.5514
    """
    z = F.normalize(torch.cat([a, b]), dim=1)
    similar = (z @ z.T / tau).masked_fill(torch.eye(len(z), dtype=torch.bool, device=z.device), -torch.inf)
    return F.cross_entropy(similar, torch.arange(len(z), device=z.device).roll(len(a)))


def moved(x: Tensor) -> Tensor:
    """Each picture turned by up to 0.3 radians, zoomed by up to a fifth and shifted by up to a tenth."""
    drawn = 2 * torch.rand(4, len(x), device=x.device) - 1
    angle, zoom = 0.3 * drawn[0], 1 + 0.2 * drawn[1]
    cos, sin = zoom * angle.cos(), zoom * angle.sin()
    theta = torch.stack([torch.stack([cos, -sin, 0.2 * drawn[2]], 1), torch.stack([sin, cos, 0.2 * drawn[3]], 1)], 1)
    return F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), align_corners=False)


def contrasted(net: Net, task: Any, view: Callable[[Tensor], Tensor], share: float = SHARE) -> Net:
    """The network after a share of the steps of contrast between views."""
    extra = nn.Sequential(nn.Linear(FEATURES, FEATURES), nn.ReLU(), nn.Linear(FEATURES, 32)).to(task.trial.device)

    def backward(batch):
        loss = contrast(*(extra(net.features(view(moved(batch.x)))) for _ in (0, 1)))
        loss.backward()
        return loss

    return task.train(net, backward, share=share, parameters=[*net.parameters(), *extra.parameters()])


def probed(net: Net, task: Any, share: float = 1 - SHARE) -> Net:
    """A layer with names on what the network says, which stays as it is: the best by CE (and 0.001 of its squared
    weights) on the pictures of a share of the steps, found by L-BFGS on standardised features."""
    batches = [task.draw() for _ in range(max(1, round(share * task.trial.options.steps)))]
    net.to(task.trial.device).eval()
    with torch.no_grad():
        z, y = torch.cat([net.features(batch.x) for batch in batches]), torch.cat([batch.y for batch in batches])
    middle, spread = z.mean(0), z.std(0).clamp(min=1e-4)
    layer = nn.Linear(FEATURES, task.classes).to(z.device)
    search = torch.optim.LBFGS(layer.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        search.zero_grad()
        loss = F.cross_entropy(layer((z - middle) / spread), y) + 1e-3 * layer.weight.square().sum()
        loss.backward()
        return loss

    search.step(closure)  # type: ignore[arg-type]  # a tensor is a number to it
    with torch.no_grad():
        net.head.weight.copy_(layer.weight / spread)
        net.head.bias.copy_(layer.bias - net.head.weight @ middle)
    task.trial.count(gradients=len(batches))
    return net


def styled(x: Tensor, references: Tensor, beta: float) -> Tensor:
    """Pictures (N, C, S, S) with the amplitudes of `references` in the lowest frequencies, a square of `beta` of the
    side, and their own phases and other amplitudes."""
    side = x.shape[-1]
    reach = int(beta * side / 2)
    own, other = torch.fft.fft2(x), torch.fft.fft2(references).abs()
    near = torch.fft.fftfreq(side, 1 / side, device=x.device).abs() <= reach
    low = near[:, None] & near[None, :]
    return torch.fft.ifft2(torch.where(low, other, own.abs()) * torch.exp(1j * own.angle())).real
