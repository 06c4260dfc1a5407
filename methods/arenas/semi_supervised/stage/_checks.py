"""What every method of the arena of few labels must keep to."""

from __future__ import annotations

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def answers_each_picture_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """The answer to a picture does not depend on which others are asked."""
    watched, made = method(), []
    fit = watched.fit

    def asked(task):
        net = fit(task)
        net.eval()
        with torch.no_grad():
            x = task.draw().weak
            made.extend((net(x), net(x[:7])))
        return net

    watched.fit = asked
    rehearsal.run(watched)
    require(torch.allclose(made[0][:7], made[1], rtol=1e-3, atol=1e-4),
            "the answer to a picture depends on the pictures it is asked with")
