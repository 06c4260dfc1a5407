"""What every update rule must keep to: it pays for its steps, starts afresh and may be measured at any time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method
from methods.kit.stage.seeding import seeded

STEPS = 12
OVERDRAFT = 0.25    # share of a smoke run's budget by which its last step may overspend


def spends_the_budget(rehearsal: Rehearsal, method: type[Method]) -> None:
    """Every step pays for a gradient, and none for so many that the budget does not hold it."""
    outcome, options = rehearsal.outcome(method), rehearsal.stage.trial(scale=rehearsal.scale).options
    budget, runs = getattr(options, options.problem)["gradients"], len(options.grid) if method.tuned else 1
    spent = outcome.counts["gradients"] / runs
    require(spent >= budget, f"a run ends with {spent:g} of {budget} gradients spent: step() must call gradient()")
    require(spent <= budget * (1 + OVERDRAFT),
            f"a run spends {spent:g} gradients, {budget} are allowed: a step costs too many")


def forgets_the_last_run(rehearsal: Rehearsal, method: type[Method]) -> None:
    """start() forgets all, since one instance trains once for every learning rate."""
    rule = method()
    first = _course(rule)
    require(torch.equal(first, _course(rule)), "after start() a rule takes other steps than in the run before")


def measuring_changes_nothing(rehearsal: Rehearsal, method: type[Method]) -> None:
    """answer() may be asked at any step, since the curve asks it."""
    asked, alone = _course(method(), measured=True), _course(method())
    require(torch.equal(asked, alone), "answer() changes the steps that follow; it must only tell the weights")


def _course(rule: Any, measured: bool = False) -> Tensor:
    """(STEPS, P) weights on noisy least squares."""
    generator = torch.Generator().manual_seed(0)
    w = torch.linspace(-1.0, 2.0, 8)
    seen = []
    with seeded(0, torch.device("cpu")):
        rule.start(w.clone())
        for _ in range(STEPS):
            a, b = torch.randn(6, 8, generator=generator), torch.randn(6, generator=generator)
            w = rule.step(w, lambda at, a=a, b=b: 2 * a.T @ (a @ at - b) / 6, rule.lr)
            seen.append(w.clone())
            if measured:
                rule.answer(w)
    return torch.stack(seen)
