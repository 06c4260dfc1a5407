"""Performance profiles: the share of runs at least as good as each score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluations.arithmetic import rounding
from evaluations.arithmetic.statistics import BySeed, performance_profile
from evaluations.tables.plots.axes import WIDTH, Tick, nice_ticks, placed

RIGHT = 24
SERIES = ("", "7 4", "2 3", "9 3 2 3", "14 4")  # dashes, so that lines differ without colour


@dataclass(frozen=True)
class ProfileLine:
    """One method's share of runs at least as good as each score, as steps."""

    number: int
    title: str
    points: str
    dashes: str
    worst: str
    median: str
    best: str


@dataclass(frozen=True)
class ProfilePlot:
    title: str
    description: str
    axis: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[ProfileLine, ...]
    width: float = WIDTH
    height: float = 320
    left: float = 56
    right: float = WIDTH - RIGHT
    top: float = 14
    bottom: float = 268


def profile_plot(values: Mapping[str, BySeed], titles: Mapping[str, str], better: str, heading: str,
                 places: int) -> ProfilePlot | None:
    """Performance profiles of up to five methods; better scores are to the right, whatever the direction."""
    scores = {name: list(by_seed.values()) for name, by_seed in list(values.items())[:len(SERIES)] if by_seed}
    if not scores:
        return None
    sign = -1 if better == "lower" else 1
    runs = sorted(set().union(*scores.values()), key=lambda value: sign * value)
    room = 0.03 * abs(runs[-1] - runs[0]) or 0.05 * abs(runs[0]) or 1.0
    ends = runs[0] - sign * room, runs[-1] + sign * room
    plot = ProfilePlot
    lines = tuple(_profile(number, titles[name], values_of_one, runs, ends, better, places)
                  for number, (name, values_of_one) in enumerate(scores.items()))
    x_ticks = tuple(Tick(placed(value, ends, plot.left, plot.right), text)
                    for value, text in nice_ticks(min(ends), max(ends)))
    y_ticks = tuple(Tick(placed(share / 4, (0, 1), plot.bottom, plot.top), f"{share * 25} %") for share in range(5))
    words = "; ".join(f"{line.title}: worst run {line.worst}, median {line.median}, best {line.best}" for line in lines)
    return ProfilePlot(f"Share of runs at least as good: {heading}", f"{words}.", f"{heading}, better to the right",
                       x_ticks, y_ticks, lines)


def _profile(number, title, values, runs, ends, better, places) -> ProfileLine:
    plot, points = ProfilePlot, []
    shares = performance_profile(values, runs, better)
    start = placed(ends[0], ends, plot.left, plot.right)
    for run, share in zip(runs, shares, strict=True):  # the share holds up to and including this score
        x, y = placed(run, ends, plot.left, plot.right), placed(share, (0, 1), plot.bottom, plot.top)
        points += [f"{start},{y}", f"{x},{y}"]
        start = x
    points += [f"{start},{plot.bottom}", f"{placed(ends[1], ends, plot.left, plot.right)},{plot.bottom}"]
    ordered = sorted(values, reverse=better == "lower")
    worst, median, best = (rounding.number(value, places) for value in (
        ordered[0], _median(ordered), ordered[-1]))
    return ProfileLine(number + 1, title, " ".join(points), SERIES[number], worst, median, best)


def _median(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
