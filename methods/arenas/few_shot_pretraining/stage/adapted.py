"""A trained network whose layers can be adapted to an episode, each in one of four ways."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.few_shot_pretraining.stage.heads import Named, cosines
from methods.arenas.few_shot_pretraining.stage.task import Task

Path = tuple[int, ...]      # for each layer: 0 fixed, 1 with an adapter, 2 its weights tuned, 3 both
SHARPNESS, STEPS, RATE, LEARNT = 10.0, 5, 3e-3, 0.6
PATHS: list[Path] = list(itertools.product(range(4), repeat=4))


class Supernet(nn.Module):
    """All paths at once: the encoder, which stays as it is, and beside each of its layers an adapter, at first zero,
    and a copy of the layer that may move."""

    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.encoder = encoder.requires_grad_(False).eval()
        layers = [m for m in encoder if isinstance(m, nn.Conv2d | nn.Linear)]  # type: ignore[union-attr]
        self.adapters = nn.ParameterList([_adapter(layer) for layer in layers])
        self.tuned = nn.ParameterList([nn.Parameter(layer.weight.detach().clone()) for layer in layers])

    def train(self, mode: bool = True) -> Supernet:
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, x: Tensor, path: Path, weights: list[Tensor] | None = None) -> Tensor:
        """Features (N, D); `weights` are the adapters and then the copies, by default one's own."""
        held = weights or [*self.adapters, *self.tuned]
        at = 0
        for module in self.encoder:  # type: ignore[union-attr]  # a Sequential
            if isinstance(module, nn.Conv2d | nn.Linear):
                main = held[len(path) + at] if path[at] & 2 else module.weight
                out = _applied(module, x, main)
                if path[at] & 1:
                    out = out + _applied(module, x, held[at])
                x, at = out, at + 1
            else:
                x = module(x)
        return x


def _adapter(layer: nn.Module) -> nn.Parameter:
    shape = list(layer.weight.shape)  # type: ignore[union-attr]  # of a layer
    return nn.Parameter(layer.weight.new_zeros(shape[:2] + [1] * (len(shape) - 2)))  # type: ignore[operator]


def _applied(module: nn.Module, x: Tensor, weight: Tensor) -> Tensor:
    if isinstance(module, nn.Linear):
        return F.linear(x, weight)
    return F.conv2d(x, weight, stride=module.stride, padding=weight.shape[-1] // 2)  # type: ignore[arg-type]


def nearest_centre(z: Tensor, given: Tensor) -> Tensor:
    """Logits (N, W) of features (N, D) by cosine to the means of the given (W, S, D)."""
    return SHARPNESS * cosines(z, given.mean(1))


def learnt(task: Task, rate: float) -> nn.Module:
    """The encoder after a cosine classifier's training on a part of the budget, its batch norms settled."""
    net = Named(task)

    def step() -> Tensor:
        rows = task.draw(task.batch)
        return F.cross_entropy(net(task.view(task.pictures[rows])), task.labels[rows])  # type: ignore[index]

    task.train(net, step, counted=net.encoder, rate=rate, share=LEARNT)
    task.settle(net.encoder)
    return net.encoder


def supernet(task: Task, rate: float) -> Supernet:
    """A learnt encoder with adapters and copies, trained on the rest of the budget: each episode along a path of its
    own, drawn from all."""
    net = Supernet(learnt(task, rate))
    ways, shots, queries = task.split()

    def step() -> Tensor:
        path = PATHS[int(torch.randint(1, len(PATHS), (1,), generator=task.generator))]
        x = task.episode(ways, shots + queries)
        z = net(task.view(x.flatten(0, 1)), path).unflatten(0, (ways, shots + queries))
        y = torch.arange(ways, device=x.device).repeat_interleave(queries)
        return F.cross_entropy(nearest_centre(z[:, shots:].flatten(0, 1), z[:, :shots]), y)

    task.train(net, step, counted=net, rate=0.3 * rate, share=1 - LEARNT)
    return net.eval()


def adapted(net: Supernet, path: Path, drawings: Tensor, pace: float) -> tuple[list[Tensor], float]:
    """Weights after some steps of Adam on an episode's drawings (W, S, 1, H, W), and the loss there after them."""
    ways, shots = drawings.shape[:2]
    y = torch.arange(ways, device=drawings.device).repeat_interleave(shots)
    held = [p.detach().clone() for p in [*net.adapters, *net.tuned]]
    moving = [held[i] for i, way in enumerate(path) if way & 1] + [
        held[len(path) + i] for i, way in enumerate(path) if way & 2]
    for p in moving:
        p.requires_grad_()
    optimizer = torch.optim.Adam(moving, pace * RATE) if moving else None
    for step in range(STEPS + 1):
        last = step == STEPS or optimizer is None
        with torch.set_grad_enabled(not last):
            z = net(drawings.flatten(0, 1), path, held)
            loss = F.cross_entropy(nearest_centre(z, z.unflatten(0, (ways, shots))), y)
        if last or optimizer is None:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [p.detach() for p in held], loss.item()


@torch.no_grad()
def answers(net: Supernet, path: Path, weights: list[Tensor] | None, drawings: Tensor, queries: Tensor) -> Tensor:
    """Logits (Q, W) of queries (Q, 1, H, W)."""
    given = net(drawings.flatten(0, 1), path, weights).unflatten(0, drawings.shape[:2])
    return nearest_centre(net(queries, path, weights), given)
