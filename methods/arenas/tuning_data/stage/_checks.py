"""What every method of the arena of tuning data must keep to."""

from __future__ import annotations

from dataclasses import replace

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def leaves_the_models(rehearsal: Rehearsal, method: type[Method]) -> None:
    """After a run the weights of all models given are what they were."""
    data = rehearsal.data()
    given = [p for net in (data.start, *data.others) for p in net.parameters()]
    before = [p.detach().clone() for p in given]
    rehearsal.run(method())
    require(all(torch.equal(a, b) for a, b in zip(before, given, strict=True)), "a model that was given was changed")


def makes_without_the_test(rehearsal: Rehearsal, method: type[Method]) -> None:
    """Examples made do not depend on the questions asked: with others in their place they are the same."""
    seen = []
    for turned in (False, True):
        watched, data = method(), rehearsal.data()
        make = watched.make

        def note(task, make=make):
            seen.append(make(task))
            return seen[-1]

        watched.make = note
        rehearsal.run(watched, data=replace(data, test=data.reworded) if turned else data)
    require(all(torch.equal(a.answers, b.answers) for a, b in zip(seen[0], seen[-1], strict=True)),
            "the examples depend on the questions asked")
