"""What runs recorded by step: means over seeds with a 95 % band, for any lines of runs, and differences to the first.

A seed is one repetition: where a line holds several runs of one seed (grouped by setting, say), their mean at a step
counts once. Steps are those that all runs of a line have recorded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluations.arithmetic import rounding, statistics
from evaluations.arithmetic.statistics import Interval
from evaluations.figures.figure import Figure
from evaluations.figures.plots.lines import MOST_LINES, band_plot
from evaluations.models import Run
from evaluations.tables.table import Field

MOST_SEEDS = 20  # read of one line
MOST_RUNS = 600  # read at all
MOST_POINTS = 60  # drawn of one line
NOTHING = "None of these runs has a recorded curve: runs measured on this installation record one, shipped ones do not."
FIELDS = (Field("line", "Line", str), Field("step", "Step", float), Field("mean", "Mean", float),
          Field("low", "95 % low", float), Field("high", "95 % high", float), Field("seeds", "Seeds", int))

BySeedAt = Mapping[float, Mapping[int, float]]  # step -> seed -> value


@dataclass(frozen=True)
class Runs:
    """A line: its name, and its runs by seed."""

    name: str
    by_seed: Mapping[int, Sequence[int]]


def curves_of(lines: Sequence[Runs], *, differences: bool = False) -> list[dict[str, Any]]:
    """A record for each value that runs recorded, ready for JSON; one query. With `differences`, each line but the
    first is its difference to the first, seed by seed."""
    lines = lines[:MOST_LINES]
    read = {run: (place, seed) for place, line in enumerate(lines) for seed, runs in sorted(line.by_seed.items())[
        :MOST_SEEDS] for run in runs}
    found: dict[str, dict[int, dict[float, dict[int, list[float]]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(list))))
    recorded: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    rows = Run.objects.filter(pk__in=list(read)[:MOST_RUNS]).exclude(curve=[]).order_by("pk")
    for run, curve in rows.values_list("pk", "curve"):
        place, seed = read[run]
        for name in dict.fromkeys(name for point in curve for name in point if name != "step"):
            recorded[name][place] += 1
        for point in curve:
            for name, value in point.items():
                if name != "step" and value is not None:
                    found[name][place][point["step"]][seed].append(value)
    whole: dict[str, dict[int, BySeedAt]] = {name: {place: {
        step: {seed: float(np.mean(values)) for seed, values in at.items()} for step, at in by_step.items()
        if sum(map(len, at.values())) == recorded[name][place]} for place, by_step in of.items()}
        for name, of in found.items()}
    return [record for name, of in whole.items() if (record := _record(name, lines, of, differences))]


def curve_figure(record: Mapping[str, Any], title: str, key: str = "") -> Figure | None:
    """The drawing of one value, from its record; None where nothing moves."""
    first = record["against"]
    what = f"difference in {record['name']} to {first}" if first else record["name"]
    lines = [(line["name"], line["name"], f"{line['name']} ends at {line['last']}",
              [(point["step"], Interval(point["mean"], point["low"], point["high"], point["seeds"]))
               for point in line["points"]]) for line in record["lines"]]
    plot = band_plot(f"{what[:1].upper()}{what[1:]} by step", "step", lines, zero=bool(first))
    if plot is None:
        return None
    caption = (f"Line: the mean over seeds of the difference to {first}, seed by seed; shaded: its 95 % interval at "
               "each step; dashed: no difference." if first else
               f"Line: the mean of {record['name']} over seeds; shaded: its 95 % interval at each step.")
    last = [line["points"][-1] | {"line": line["name"]} for line in record["lines"]]
    every = [point | {"line": line["name"]} for line in record["lines"] for point in line["points"]]
    return Figure("curves", f"{plot.title}: {title}" if title else plot.title, plot.description,
                  f"{caption} Where it has no shade there is one seed.", "lines", plot, FIELDS, tuple(every), key=key,
                  shown=tuple(last))


def _record(name: str, lines: Sequence[Runs], of: Mapping[int, BySeedAt], differences: bool) -> dict[str, Any] | None:
    against = ""
    if differences:
        first = of.get(0)
        if first is None:
            return None
        against, of = lines[0].name, {place: _less(at, first) for place, at in of.items() if place}
    drawn = []
    for place, by_step in sorted(of.items()):
        steps = _thinned(sorted(by_step))
        if len(steps) < 2:
            continue
        spreads = [(step, statistics.mean_interval(list(by_step[step].values()))) for step in steps]
        step, last = spreads[-1]
        places = rounding.decimals([last.mean], [last.half_width] if last.half_width else [])
        drawn.append({"name": lines[place].name, "seeds": last.n, "last_step": step,
                      "last": rounding.plus_minus(last.mean, last.low, last.high, places, signed=bool(against)),
                      "points": [{"step": step, "mean": at.mean, "low": at.low, "high": at.high, "seeds": at.n}
                                 for step, at in spreads]})
    return {"name": name, "against": against, "lines": drawn} if drawn else None


def _less(ours: BySeedAt, theirs: BySeedAt) -> BySeedAt:
    """At the steps and seeds that both have."""
    found = {step: {seed: value - theirs[step][seed] for seed, value in at.items() if seed in theirs[step]}
             for step, at in ours.items() if step in theirs}
    return {step: at for step, at in found.items() if at}


def _thinned(steps: list[float]) -> list[float]:
    """At most MOST_POINTS of the steps, the last among them."""
    stride = -(-len(steps) // MOST_POINTS)
    return steps[::-1][::stride][::-1]
