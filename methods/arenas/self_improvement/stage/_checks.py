"""What every method of the arena of self-improvement must keep to."""

from __future__ import annotations

from dataclasses import replace

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def leaves_the_start(rehearsal: Rehearsal, method: type[Method]) -> None:
    """After a run the weights of the model to start from are what they were."""
    start = rehearsal.data().start
    before = [p.detach().clone() for p in start.parameters()]
    rehearsal.run(method())
    require(all(torch.equal(a, b) for a, b in zip(before, start.parameters(), strict=True)), "the start was changed")


def answers_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """Answers to the questions asked reach the scores alone: with others in their place the same is answered."""
    if getattr(method, "sees_answers", False):
        return
    said = []
    for turned in (False, True):
        watched, data = method(), rehearsal.data()
        answer = watched.answer

        def note(net, asked, task, answer=answer):
            said.append(answer(net, asked, task))
            return said[-1]

        watched.answer = note
        test = replace(data.test, answers=data.test.answers.flip(1)) if turned else data.test
        rehearsal.run(watched, data=replace(data, test=test))
    require(torch.equal(said[0][0], said[-1][0]), "what is answered depends on the answers asked for")
