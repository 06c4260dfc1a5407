"""What every method of the arena of compression must keep to."""

from __future__ import annotations

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def keeps_to_its_room(rehearsal: Rehearsal, method: type[Method]) -> None:
    """In every setting no more is stored than is allowed."""
    for setting in rehearsal.stage.settings:
        stored = rehearsal.outcome(method, setting.name).scores["stored"]
        require(method.fixed_size or stored <= 100 * setting.options["share"] + 1e-6,  # type: ignore[attr-defined]
                f"{stored:.1f} % are stored in {setting.name}")
