"""What runs recorded by step, as a mean over seeds with its 95 % band for each contestant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from evaluations.arithmetic import rounding, statistics
from evaluations.comparing.choice import SERIES
from evaluations.models import Run
from evaluations.runs.measurements import Measurement
from evaluations.tables.plots.axes import WIDTH, Scale, nice_ticks

MOST_SEEDS = 20  # read of one contestant
MOST_POINTS = 60  # drawn of one line
DASHES = ("", "7 4", "2 3")
LEFT, RIGHT, TOP, BOTTOM, HEIGHT = 64, WIDTH - 24, 14, 228, 262

ByStep = dict[float, list[float]]


def curves_of(contestants: Sequence[tuple[str, Measurement | None]]) -> list[dict[str, Any]]:
    """A drawing for each value that runs recorded; one query. Steps are those that all of a contestant's seeds have."""
    owner = {run: place for place, (_, of) in enumerate(contestants) if of
             for _, run in sorted(of.runs.items())[:MOST_SEEDS]}
    values: dict[str, dict[int, ByStep]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    recorded: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for run, curve in Run.objects.filter(pk__in=owner).exclude(curve=[]).order_by("pk").values_list("pk", "curve"):
        for name in dict.fromkeys(name for point in curve for name in point if name != "step"):
            recorded[name][owner[run]] += 1
        for point in curve:
            for name, value in point.items():
                if name != "step" and value is not None:
                    values[name][owner[run]][point["step"]].append(value)
    return [drawn for name, of in values.items() if (drawn := _drawn(name, contestants, {
        place: {step: at for step, at in by_step.items() if len(at) == recorded[name][place]}
        for place, by_step in of.items()}))]


def _drawn(name: str, contestants: Sequence[tuple[str, Measurement | None]], of: Mapping[int, ByStep]
           ) -> dict[str, Any] | None:
    spreads = {place: [(step, statistics.mean_interval(by_step[step])) for step in _thinned(sorted(by_step))]
               for place, by_step in of.items() if len(by_step) > 1}
    ends = [end for points in spreads.values() for _, at in points for end in (at.mean, at.low, at.high)
            if end is not None]
    if not ends or min(ends) == max(ends):
        return None
    steps = [step for points in spreads.values() for step, _ in points]
    x, y = Scale(min(steps), max(steps), LEFT, RIGHT), Scale(min(ends), max(ends), BOTTOM, TOP)
    lines = []
    for place, points in sorted(spreads.items()):
        last = points[-1][1]
        places = rounding.decimals([last.mean], [last.half_width] if last.half_width else [])
        low = [(x(step), y(at.mean if at.low is None else at.low)) for step, at in points]
        high = [(x(step), y(at.mean if at.high is None else at.high)) for step, at in points]
        lines.append({
            "name": contestants[place][0], "series": place % SERIES + 1, "dashes": DASHES[place // SERIES],
            "line": " ".join(f"{x(step)},{y(at.mean)}" for step, at in points),
            "band": " ".join(f"{a},{b}" for a, b in [*low, *reversed(high)]) if last.low is not None else "",
            "seeds": last.n, "last_step": points[-1][0],
            "last": rounding.plus_minus(last.mean, last.low, last.high, places),
            "points": [{"step": step, "mean": at.mean, "low": at.low, "high": at.high} for step, at in points]})
    return {"name": name, "lines": lines, "frame": {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT,
                                                    "bottom": BOTTOM, "top": TOP},
            "x_ticks": [{"at": x(value), "text": text} for value, text in nice_ticks(min(steps), max(steps))],
            "y_ticks": [{"at": y(value), "text": text} for value, text in nice_ticks(min(ends), max(ends))]}


def _thinned(steps: list[float]) -> list[float]:
    """At most MOST_POINTS of the steps, the last among them."""
    stride = -(-len(steps) // MOST_POINTS)
    return steps[::-1][::stride][::-1]
