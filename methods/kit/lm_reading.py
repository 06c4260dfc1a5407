"""How small language models read passages: what each passage costs them, and short trainings on given passages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.lm_nets import batches, groups

EMPTY = -1              # in passages from which something was taken: nothing is there


def nats(net: nn.Module, windows: Tensor) -> Tensor:
    """(B, T) the loss of each piece after those before it, 0 where a passage is empty.

    >>> nats(lambda ids: torch.zeros(*ids.shape, 4), torch.tensor([[0, 1, -1]])).tolist()       # log 4
    [[1.3862943649291992, 0.0]]
    """
    windows = windows.long()
    return F.cross_entropy(net(windows[:, :-1].clamp(min=0)).flatten(0, 1), windows[:, 1:].flatten(),
                           reduction="none", ignore_index=EMPTY).view(len(windows), -1)


def per_passage(net: nn.Module, windows: Tensor) -> Tensor:
    """(B,) the mean loss of the pieces of each passage."""
    return nats(net, windows).sum(1) / (windows[:, 1:] != EMPTY).sum(1).clamp(min=1)


@torch.no_grad()
def passage_losses(net: nn.Module, windows: Tensor, batch: int = 256) -> Tensor:
    """(N,) the mean loss of each of many passages."""
    return torch.cat([per_passage(net, part) for part in windows.split(batch)])


@torch.no_grad()
def mean_states(net: nn.Module, windows: Tensor, batch: int = 256) -> Tensor:
    """(N, D) the mean over positions of the last block's states."""
    return torch.cat([net.norm(net.states(part[:, :-1].long().clamp(min=0))[-1]).mean(1)  # type: ignore[operator]
                      for part in windows.split(batch)])


def warm_cosine(progress: float, steps: int, warm: float = 0.1, floor: float = 0.1) -> float:
    """Up in a straight line over a share `warm` of the steps, then by a cosine to `floor`.

    >>> [round(warm_cosine(p, 100), 2) for p in (0.0, 0.1, 0.55, 1.0)]
    [0.1, 1.0, 0.55, 0.1]
    """
    if progress < warm:
        return min(1.0, (progress * steps + 1) / max(1.0, warm * steps))
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (progress - warm) / (1 - warm)))


def adamw(net: nn.Module, rate: float, decay: float = 0.05) -> torch.optim.AdamW:
    return torch.optim.AdamW(groups(net, decay), rate, betas=(0.9, 0.98))


def step(net: nn.Module, optimizer: torch.optim.Optimizer, rate: float, value: Tensor) -> None:
    """One step at this rate, gradients cut at norm 1."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()


@torch.enable_grad()
def trained(net: nn.Module, windows: Tensor, steps: int, rate: float, drawn: torch.Generator, size: int = 16,
            rows: Iterable[Tensor] | None = None, after: Callable[[int, nn.Module], None] | None = None) -> nn.Module:
    """The model after so many steps on these passages, each read before any comes again; `after` sees every step."""
    optimizer = adamw(net, rate)
    for i, some in enumerate(rows or batches(len(windows), size, steps, drawn)):
        step(net, optimizer, rate * warm_cosine(i / steps, steps), per_passage(net, windows[some]).mean())
        if after:
            after(i, net)
    return net.eval()
