"""What every method of the arena of typefaces must keep to."""

from __future__ import annotations

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def answers_each_picture_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """What is said of a picture depends on it and on what was seen before, not on which others are asked."""
    watched, said = method(), []
    ask = watched.predict  # type: ignore[attr-defined]  # of the slot

    def watch(net, x, context):
        whole = ask(net, x, context)
        said.append((whole[:3], ask(net, x[:3], context)))
        return whole

    watched.predict = watch  # type: ignore[attr-defined]  # of the slot
    rehearsal.run(watched)
    require(all(torch.allclose(a, b, rtol=1e-3, atol=1e-4) for a, b in said),
            "what is said of a picture depends on the others that are asked")
