"""What every method of zero-shot learning must keep to."""

from __future__ import annotations

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def answers_each_drawing_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """The scores of a drawing do not depend on which others are asked, unless the answers are drawn by lot."""
    watched, said = method(), []
    if watched.by_lot:  # type: ignore[attr-defined]  # of the slot
        return
    ask = watched.bag_scores  # type: ignore[attr-defined]  # of the slot

    def watch(cells, task):
        whole = ask(cells, task)
        said.append((whole[:7], ask(cells[:7], task)))
        return whole

    watched.bag_scores = watch  # type: ignore[attr-defined]  # of the slot
    rehearsal.run(watched)
    require(all(torch.allclose(a, b, rtol=1e-3, atol=1e-3) for a, b in said),
            "the answer to a drawing depends on the others that are asked")
