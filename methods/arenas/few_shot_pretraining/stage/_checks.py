"""What every method of pretraining for few drawings must keep to."""

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
        if len(said) < 2:
            fewer = replace(asked, query=asked.query[:, :4],
                            query_x=None if asked.query_x is None else asked.query_x[:, :4])
            said.append((whole[:, :4], classify(fewer, task)))
        return whole

    watched.classify = ask  # type: ignore[attr-defined]  # of the slot
    rehearsal.run(watched)
    require(all(torch.allclose(a, b, rtol=1e-3, atol=1e-3) for a, b in said),
            "the answer to a query depends on the other queries; say transductive = True")


def learns_without_labels(rehearsal: Rehearsal, method: type[Method]) -> None:
    """A method that says it learns without labels does the same when they are others."""
    watched = method()
    if watched.uses_labels:  # type: ignore[attr-defined]  # of the slot
        return
    data = rehearsal.data()
    other = rehearsal.run(method(), data=replace(data, base_y=data.base_y.flip(0), other_y=data.other_y.flip(0)))
    require(other.scores == rehearsal.outcome(method).scores, "it uses labels that it says it does not")
