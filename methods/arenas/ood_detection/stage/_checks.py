"""What every method of the arena of unknown kinds must keep to."""

from __future__ import annotations

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def judges_each_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """The score of a drawing does not depend on which others are asked."""
    watched, said = method(), []
    if watched.by_lot:  # type: ignore[attr-defined]  # of the slot
        return
    ask = watched.score  # type: ignore[attr-defined]  # of the slot

    def watch(x, task):
        whole = ask(x, task)
        said.append((whole[:5], ask(x[:5], task)))
        return whole

    watched.score = watch  # type: ignore[attr-defined]  # of the slot
    rehearsal.run(watched)
    require(all(torch.allclose(a, b, rtol=1e-3, atol=1e-4) for a, b in said),
            "the score of a drawing depends on the others that are asked")
