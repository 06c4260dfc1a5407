"""What every method of the arena of vision mixers must keep to."""

from __future__ import annotations

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def answers_each_picture_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """A picture's tokens do not depend on which others are asked with it."""
    made, stage = method(), rehearsal.stage
    site = stage.site(made, stage.trial(scale=rehearsal.scale))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        stack, x = made.stack(site).eval(), torch.randn(6, site.side, site.side, site.width)
    with torch.no_grad():
        require(torch.allclose(stack(x)[:2], stack(x[:2]), rtol=1e-3, atol=1e-4),
                "a picture's tokens depend on the pictures they are made with")


def has_its_share_of_weights(rehearsal: Rehearsal, method: type[Method]) -> None:
    """All methods but the upper bound and those without a part to widen have as many weights, within five per cent."""
    if method.free_size:
        return
    wanted = rehearsal.stage.wanted(rehearsal.stage.trial(scale=rehearsal.scale))
    found = rehearsal.outcome(method).counts["mixers"]
    require(abs(found - wanted) <= 0.05 * wanted, f"{found:g} weights in its blocks; {wanted} are meant")
