"""What every method of the arena of sequence mixers must keep to."""

from __future__ import annotations

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def never_looks_ahead(rehearsal: Rehearsal, method: type[Method]) -> None:
    """What is said at a position does not depend on later ones."""
    made, stage = method(), rehearsal.stage
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = stage.net(made, stage.trial(scale=rehearsal.scale)).eval()
        ids = torch.randint(8, 250, (2, 24))
        for p in net.parameters():
            torch.nn.init.normal_(p, std=0.2)
    other = ids.clone()
    other[:, 12:] = ids[:, 12:].flip(1) + 1
    with torch.no_grad():
        require(torch.allclose(net(ids)[:, :12], net(other)[:, :12], rtol=1e-3, atol=1e-3),
                "what is said at a position depends on later ones")


def has_its_share_of_weights(rehearsal: Rehearsal, method: type[Method]) -> None:
    """All methods but the upper bound have as many weights in their blocks, within five per cent."""
    if method.free_size:
        return
    trial = rehearsal.stage.trial(scale=rehearsal.scale)
    wanted = rehearsal.stage.wanted(trial) + 4 * trial.options.width * trial.options.layers
    found = rehearsal.outcome(method).counts["mixers"]
    require(abs(found - wanted) <= 0.05 * wanted, f"{found:g} weights in its blocks; {wanted} are meant")
