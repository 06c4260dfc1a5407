"""What every method of the arena of long context must keep to."""

from __future__ import annotations

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def never_looks_ahead(rehearsal: Rehearsal, method: type[Method]) -> None:
    """What comes out at a place does not depend on later ones."""
    from methods.arenas.long_context.stage.reading import Scene

    made, found = method(), []
    drawn = torch.Generator().manual_seed(0)
    q, k, v = torch.randn(3, 2, 2, 128, 16, generator=drawn)
    for other in (False, True):
        if other:
            q, k, v = (torch.cat([part[:, :, :96], part[:, :, 96:].flip(2)], 2) for part in (q, k, v))
        found.append(made.attend(q, k, v, Scene(64, 10_000.0, torch.Generator().manual_seed(1)))[:, :, :64])
    require(torch.allclose(*found, rtol=1e-3, atol=1e-4), "what comes out at a place depends on later ones")
