"""What every method of the arena of unlabelled pictures must keep to."""

from __future__ import annotations

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def answers_each_picture_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """A picture's features do not depend on which others they are made with."""
    watched, made = method(), []
    fit = watched.fit

    def asked(task):
        encoder = fit(task)
        encoder.eval()
        with torch.no_grad():
            made.extend((encoder(task.pictures[:20]), encoder(task.pictures[:7])))
        return encoder

    watched.fit = asked
    rehearsal.run(watched)
    require(torch.allclose(made[0][:7], made[1], rtol=1e-3, atol=1e-4),
            "a picture's features depend on the pictures they are made with")


def pays_for_its_pictures(rehearsal: Rehearsal, method: type[Method]) -> None:
    """No more than the budget and one step's pictures pass through the encoder with gradients on."""
    found, o = rehearsal.outcome(method).counts, rehearsal.stage.scales[rehearsal.scale].options
    require(found.get("pictures", 0) <= o["pictures"] + 8 * o["batch"],
            f"{found.get('pictures')} pictures passed with gradients on, {o['pictures']} are allowed")
