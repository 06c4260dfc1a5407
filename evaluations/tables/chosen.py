"""The learning rates that runs chose on their validation sets, where an arena records them, and the ends of its grid.

A rate at an end of the grid says that a better one may lie beyond: the number then is of the grid as much as of the
method.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluations.runs.measurements import Measurement
from methods.models import Arena

RECORDED = "learning_rate"  # the count under which an arena's run says it


@dataclass(frozen=True)
class ChosenRates:
    """How many seeds chose which rate; `grid` is empty where the arena does not say what it tries."""

    seeds: Mapping[float, int]
    grid: tuple[float, ...]

    @property
    def at_an_end(self) -> int:
        """Seeds whose rate is the smallest or largest that was to be tried."""
        ends = {self.grid[0], self.grid[-1]} if len(self.grid) > 1 else set()
        return sum(number for rate, number in self.seeds.items() if rate in ends)

    @property
    def sentence(self) -> str:
        """
        >>> ChosenRates({0.01: 6, 0.3: 1}, (0.001, 0.01, 0.3)).sentence
        '0.01 at 6 seeds, 0.3 at 1 seed (an end of the grid); the grid goes from 0.001 to 0.3'
        """
        ends = self.grid[:1] + self.grid[-1:] if len(self.grid) > 1 else ()
        said = ", ".join(f"{rate:g} at {number} seed{'s' * (number != 1)}{' (an end of the grid)' * (rate in ends)}"
                         for rate, number in sorted(self.seeds.items()))
        return said + (f"; the grid goes from {self.grid[0]:g} to {self.grid[-1]:g}" if ends else "")

    def data(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"seeds": {f"{rate:g}": number for rate, number in sorted(self.seeds.items())}, "grid": list(self.grid),
                "at_an_end": self.at_an_end}


def chosen_rates(arena: Arena, setting: str, scale: str, measurement: Measurement) -> ChosenRates | None:
    """None where the arena's runs do not record what they chose."""
    recorded = measurement.costs.get(RECORDED)
    if not recorded:
        return None
    return ChosenRates(Counter(recorded.values()), _grid(arena, setting, scale))


def _grid(arena: Arena, setting: str, scale: str) -> tuple[float, ...]:
    of_setting: dict[str, Any] = next((each["options"] for each in arena.settings if each["name"] == setting), {})
    options = {**arena.scales.get(scale, {}).get("options", {}), **of_setting}
    if options.get("sentences"):  # such a setting of any arena runs on a sentence encoder, with options of its own
        options |= options.get("encoder", {})
    return tuple(sorted(float(rate) for rate in options.get("rates", ())))
