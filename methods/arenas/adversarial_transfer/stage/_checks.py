"""What every attack must keep to."""

from __future__ import annotations

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def stays_inside(rehearsal: Rehearsal, method: type[Method]) -> None:
    """No pixel is moved by more than the radius, or out of 0..1, before the arena cuts it off; nothing is broken."""
    watched, said = method(), []
    perturb = watched.perturb

    def look(x, task):
        moved = perturb(x, task)
        said.append((moved, x, task.radius))
        return moved

    watched.perturb = look
    rehearsal.run(watched)
    for moved, x, radius in said:
        require(moved.shape == x.shape and bool(torch.isfinite(moved).all()), "moved pictures are broken")
        require(bool((moved - x).abs().max() <= radius + 1e-5), "a pixel is moved by more than the radius")
        require(bool((moved >= -1e-6).all() and (moved <= 1 + 1e-6).all()), "a pixel leaves 0..1")
