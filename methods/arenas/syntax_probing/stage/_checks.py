"""What every method of the arena of syntax in attention must keep to."""

from __future__ import annotations

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def answers_without_the_key(rehearsal: Rehearsal, method: type[Method]) -> None:
    """The heads asked for are hidden."""
    watched, hidden = method(), []
    scores = watched.scores

    def see(edges):
        hidden.append(edges.head is None)
        return scores(edges)

    watched.scores = see
    rehearsal.run(watched)
    require(hidden and all(hidden), "scores is given the heads it is asked for")
