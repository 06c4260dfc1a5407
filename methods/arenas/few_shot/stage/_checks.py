"""What every method of few-shot classification must keep to."""

from __future__ import annotations

from dataclasses import replace

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def answers_each_query_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """The answer to a query does not depend on the other queries, unless the method says that it uses them."""
    watched, said = method(), []
    if watched.transductive:  # type: ignore[attr-defined]  # of the slot
        return
    classify = watched.classify  # type: ignore[attr-defined]  # of the slot

    def ask(asked, task):
        whole = classify(asked, task)
        said.append((whole[:, :4], classify(replace(asked, query=asked.query[:, :4]), task)))
        return whole

    watched.classify = ask  # type: ignore[attr-defined]  # of the slot
    rehearsal.run(watched)
    require(all(torch.allclose(a, b, rtol=1e-3, atol=1e-3) for a, b in said),
            "the answer to a query depends on the other queries; say transductive = True")
