"""What every method of the arena of multiple instances must keep to."""

from __future__ import annotations

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def _asked(rehearsal: Rehearsal, method: type[Method]):
    """What the fitted model says of some bags: of all, of the first seven, and of all with instances in other order."""
    watched, said = method(), []
    fit = watched.fit

    def ask(task):
        model = fit(task)
        bags = task.bags[:20]
        with torch.no_grad():
            model.eval()
            said.extend((model(bags), model(bags[:7]), model(bags.flip(1))))
        return model

    watched.fit = ask
    rehearsal.run(watched)
    return said


def answers_each_bag_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """The score of a bag does not depend on which other bags are asked."""
    whole, part, _ = _asked(rehearsal, method)
    require(all(torch.allclose(a[:7], b, rtol=1e-3, atol=1e-4) for a, b in zip(whole, part, strict=True)),
            "the answer to a bag depends on the other bags")


def sees_sets(rehearsal: Rehearsal, method: type[Method]) -> None:
    """A bag is a set: the order of its instances does not matter, and each instance keeps its score."""
    whole, _, turned = _asked(rehearsal, method)
    require(torch.allclose(whole[0], turned[0], rtol=1e-3, atol=1e-4)
            and torch.allclose(whole[1], turned[1].flip(1), rtol=1e-3, atol=1e-4),
            "the answer depends on the order of a bag's instances")
