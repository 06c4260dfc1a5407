"""What every method of the arena of metric learning must keep to."""

from __future__ import annotations

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def answers_each_drawing_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """The embedding of a drawing does not depend on which other drawings are asked."""
    watched, said = method(), []
    fit = watched.fit

    def ask(task):
        net = fit(task)
        x = task.train.x[:20]
        with torch.no_grad():
            said.extend((watched.embed(net, x)[:7], watched.embed(net, x[:7])))
        return net

    watched.fit = ask
    rehearsal.run(watched)
    require(torch.allclose(*said, rtol=1e-3, atol=1e-4), "the embedding of a drawing depends on the other drawings")
