"""What the states of a frozen network know: a linear classifier in bits, the rank of what they span, closeness."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def linear_bits(x: Tensor, y: Tensor, test_x: Tensor, test_y: Tensor, classes: int, decay: float = 0.002,
                steps: int = 30) -> tuple[float, float]:
    """Bits a test item and errors in % of a linear classifier of x (N, D), learnt by L-BFGS with a penalty
    decay/2 |W|^2; features are brought to mean 0 and deviation 1 on the training items.

    >>> x = torch.tensor([[-1.0], [1.0]]).repeat(20, 1)
    >>> bits, wrong = linear_bits(x, (x[:, 0] > 0).long(), x, (x[:, 0] > 0).long(), 2)
    >>> bits < 0.2, wrong
    (True, 0.0)
    """
    mean, deviation = x.mean(0), x.std(0) + 1e-6
    x, test_x = (x - mean) / deviation, (test_x - mean) / deviation
    with torch.enable_grad():
        weight = torch.zeros(classes, x.shape[1], device=x.device, requires_grad=True)
        shares = torch.bincount(y, minlength=classes) + 1.0
        bias = (shares / shares.sum()).log().requires_grad_(True)
        fit = torch.optim.LBFGS([weight, bias], max_iter=steps, line_search_fn="strong_wolfe")

        def closure():
            fit.zero_grad()
            loss = F.cross_entropy(F.linear(x, weight, bias), y) + decay / 2 * weight.square().sum()
            loss.backward()
            return loss

        fit.step(closure)
    with torch.no_grad():
        logits = F.linear(test_x, weight, bias)
        wrong = (logits.argmax(1) != test_y).double().mean().item()
        return F.cross_entropy(logits, test_y).item() / math.log(2), 100 * wrong


def effective_rank(states: Tensor, share: float = 0.8) -> int:
    """The fewest singular values of states (N, D) that sum to a share of all.

    >>> effective_rank(torch.diag(torch.tensor([4.0, 4.0, 1.0, 1.0])))
    2
    """
    values = torch.linalg.eigvalsh(states.double().T @ states.double()).clamp(min=0).sqrt().flip(0)
    return int((values.cumsum(0) < share * values.sum() - 1e-9).sum()) + 1


def closeness(a: Tensor, b: Tensor, mean: Tensor) -> Tensor:
    """(N,) cosine of rows less a mean."""
    return F.cosine_similarity(a - mean, b - mean, dim=-1)


FREQUENT, GAPS = 64, 5       # words that are asked for, and how many places of a window are hidden


def hidden_places(windows: Tensor, drawn: torch.Generator, first: int = 4) -> Tensor:
    """(N, GAPS) places, of frequent words (numbers `first` to `first` + FREQUENT) where a window has enough of them."""
    asked = ((windows >= first) & (windows < first + FREQUENT)).float()
    lots = torch.rand(windows.shape, generator=drawn).to(windows.device)
    return (asked + lots).topk(GAPS, 1).indices
