"""What the arena of components measures on a network beside its accuracy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.components.stage._data import ComponentsData
from methods.kit.nets import Branch, ResidualNetwork
from methods.kit.training import logits_of

if TYPE_CHECKING:
    from methods.arenas.components.arena import ComponentsMethod

WIDEST = 12.0     # decades of gradient spread beyond which nothing is learnt any more
WORST = 50.0      # nats beyond which a silenced network's loss is not told apart


def _loss(model: ResidualNetwork, x: Tensor, y: Tensor) -> float:
    return float(F.cross_entropy(logits_of(model, x, 256), y))


def _answers(model: ResidualNetwork, data: ComponentsData) -> tuple[Tensor, float]:
    """Logits on unseen data, and how many positions passed through the first branch for each."""
    passed = 0

    def note(branch: Branch, inputs: tuple[Tensor]) -> None:
        nonlocal passed
        passed += inputs[0].numel() // inputs[0].shape[1]

    handle = model.branches[0].register_forward_pre_hook(note)
    outputs = logits_of(model, data.test_inputs, 256)
    handle.remove()
    return outputs, passed / len(outputs)


def _without_deepest(model: ResidualNetwork, data: ComponentsData) -> float:
    """Test loss with the deepest quarter of the branches silenced, at most WORST."""
    deepest = model.branches[-max(1, len(model.branches) // 4):]
    for branch in deepest:
        branch.muted = True
    loss = _loss(model, data.test_inputs, data.test_targets)
    for branch in deepest:
        branch.muted = False
    return min(loss, WORST) if math.isfinite(loss) else WORST


def _gradient_spread(method: ComponentsMethod, model: ResidualNetwork, x: Tensor, y: Tensor) -> float:
    model.zero_grad(set_to_none=True)
    method.backward(model, x, y)
    norms = torch.stack([torch.stack([p.grad.norm() for p in branch.parameters() if p.grad is not None]).norm()
                         for branch in model.branches])
    low, high = norms.double().nan_to_num(math.inf).clamp(1e-30, 1e30).log10().aminmax()
    return min(float(high - low), WIDEST) if high > -30 else WIDEST      # no gradient at all: a dead network
