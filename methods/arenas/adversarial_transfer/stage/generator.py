"""AdvEncoder's way to one perturbation: a generator of it, and the three parts of its loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.adversarial_transfer.stage.task import Task

NOISE, WEIGHT, TEMPERATURE = 100, 5.0, 0.1


class Generator(nn.Module):
    """Noises (B, 100) -> one perturbation (1, 1, H, W): transposed convolutions make a picture of each, and a last
    convolution over all of them makes one."""

    def __init__(self, side: int, noises: int, width: int = 32):
        super().__init__()
        start = side // 4
        self.hidden = nn.Sequential(
            nn.ConvTranspose2d(NOISE, 2 * width, start), nn.BatchNorm2d(2 * width), nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.Tanh())
        self.joined = nn.Conv2d(noises, 1, 3, padding=1)
        for layer in self.modules():
            if isinstance(layer, nn.ConvTranspose2d | nn.Conv2d):
                nn.init.normal_(layer.weight, 0.0, 0.02)
                nn.init.zeros_(layer.bias)

    def forward(self, noise: Tensor) -> Tensor:
        return self.joined(self.hidden(noise[:, :, None, None]).transpose(0, 1)).transpose(0, 1)


def high_frequencies(x: Tensor, radius: float) -> Tensor:
    """Pictures (N, 1, H, W) without the frequencies nearer than `radius` to the constant."""
    side = x.shape[-1]
    away = torch.arange(side, device=x.device) - side / 2
    kept = (away[:, None] ** 2 + away[None] ** 2).sqrt() >= radius
    spectrum = torch.fft.fftshift(torch.fft.fft2(x), dim=(-2, -1)) * kept
    return torch.fft.ifft2(torch.fft.ifftshift(spectrum, dim=(-2, -1))).real


def contrast(clean: Tensor, moved: Tensor) -> Tensor:
    """InfoNCE of clean features (N, D) with their moved ones, the others' moved ones as negatives."""
    said = F.normalize(clean, dim=1) @ F.normalize(moved, dim=1).T / TEMPERATURE
    return F.cross_entropy(said, torch.arange(len(said), device=said.device))


def generated(task: Task, high: float, rate: float) -> Tensor:
    """The perturbation after the arena's rounds: minimise -5 InfoNCE + change - high * change of high frequencies,
    the last two as mean squares."""
    device = task.surrogate.device
    generator = Generator(task.surrogate.shape[-1], task.batch).to(device)
    noise = torch.randn(task.batch, NOISE, generator=task.generator, device=device)
    optimizer = torch.optim.Adam(generator.parameters(), rate, betas=(0.5, 0.999))
    radius = task.surrogate.shape[-1] / 4
    for step in range(task.rounds):
        x = task.draw()
        moved = x + generator(noise).clamp(-task.radius, task.radius)
        loss = -WEIGHT * contrast(task.look(x).features, task.look(moved).features) + F.mse_loss(moved, x)
        if high:
            loss = loss - high * F.mse_loss(high_frequencies(moved, radius), high_frequencies(x, radius))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if (step + 1) % max(1, task.rounds // 10) == 0:
            task.trial.record(step + 1, task.rounds, loss=loss.item())
    return generator(noise).clamp(-task.radius, task.radius).detach()
