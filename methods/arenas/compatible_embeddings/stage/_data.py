"""Drawings whose kinds become known one upgrade after another, and drawings of kinds that never do."""

from __future__ import annotations

from dataclasses import dataclass

from methods.kit.stage.arena import Trial
from methods.kit.stage.drawings import Kinds, drawings


@dataclass(frozen=True)
class UpgradeData:
    """`train` with kinds in the order in which upgrades learn them; `test` of other kinds."""

    train: Kinds
    test: Kinds


def upgrade_data(trial: Trial) -> UpgradeData:
    o = trial.options
    parts = drawings(trial.numpy("kinds"), o.kinds, o.each, o.small, trial.progress)
    return UpgradeData(*(Kinds(part.x.to(trial.device), part.y.to(trial.device)) for part in parts))
