"""What every method of the arena of demonstrations must keep to."""

from __future__ import annotations

from dataclasses import replace

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def leaves_the_model_frozen(rehearsal: Rehearsal, method: type[Method]) -> None:
    """After a run the model's weights are what they were."""
    model = rehearsal.data().model
    before = [p.detach().clone() for p in model.parameters()]
    rehearsal.run(method())
    require(all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)),
            "the frozen model was changed")


def answers_without_the_key(rehearsal: Rehearsal, method: type[Method]) -> None:
    """Answers to the questions reach the scores alone: with others in their place the same demonstrations are shown."""
    shown = []
    for turned in (False, True):
        watched, data = method(), rehearsal.data()
        choose = watched.choose

        def see(asked, task, choose=choose):
            require(asked.answers is None, "choose is given the answers")
            shown.append(choose(asked, task))
            return shown[-1]

        watched.choose = see
        test = replace(data.test, answers=data.test.answers.flip(2)) if turned else data.test
        rehearsal.run(watched, data=replace(data, test=test))
    require(torch.equal(shown[0].rows, shown[len(shown) // 2].rows), "what is shown depends on the answers asked for")
