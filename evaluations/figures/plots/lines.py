"""Lines in a frame: performance profiles, learning curves. Each is told by colour and dashes, and named below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evaluations.arithmetic import rounding
from evaluations.arithmetic.statistics import BySeed, Interval, performance_profile
from evaluations.figures.plots.axes import WIDTH, Scale, Tick, nice_ticks, placed, shortened

RIGHT = 24
SERIES = 5  # colours; beyond them dashes tell lines apart
DASHES = ("", "7 4", "2 3")
MOST_LINES = SERIES * len(DASHES)
NAME_LETTERS = 44


@dataclass(frozen=True)
class DrawnLine:
    """A line, its band where it has one, and its name with a piece of the line below the frame."""

    name: str
    series: int
    dashes: str
    title: str
    text: str
    points: str
    band: str
    key: str
    name_x: float
    name_y: float
    href: str = ""


@dataclass(frozen=True)
class LinePlot:
    title: str
    description: str
    axis: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[DrawnLine, ...]
    height: float
    zero: float | None = None  # height of the line of no difference
    width: float = WIDTH
    left: float = 64
    right: float = WIDTH - RIGHT
    top: float = 14
    bottom: float = 268


def drawn_line(number: int, columns: int, name: str, title: str, text: str, points: str, band: str = "",
               href: str = "") -> DrawnLine:
    """The line of this number, with the place of its name in one column or two."""
    x, y = LinePlot.left + 340 * (number % columns), LinePlot.bottom + 56 + 18 * (number // columns)
    return DrawnLine(name, number % SERIES + 1, DASHES[number // SERIES],
                     shortened(title, NAME_LETTERS * (3 - columns)), text, points, band,
                     f"{x},{y - 4} {x + 28},{y - 4}", x + 34, y, href)


def columns_for(titles: Iterable[str]) -> int:
    """Two where the names are short enough to be whole."""
    return 1 if max(map(len, titles)) > NAME_LETTERS else 2


def height_for(lines: int, columns: int) -> float:
    return LinePlot.bottom + 48 + 18 * -(-lines // columns) + 6


def profile_plot(values: Mapping[str, BySeed], titles: Mapping[str, str], better: str, heading: str,
                 places: int, hrefs: Mapping[str, str] | None = None) -> LinePlot | None:
    """Performance profiles of up to five methods; better scores are to the right, whatever the direction."""
    scores = {name: list(by_seed.values()) for name, by_seed in list(values.items())[:SERIES] if by_seed}
    if not scores:
        return None
    sign = -1 if better == "lower" else 1
    runs = sorted(set().union(*scores.values()), key=lambda value: sign * value)
    room = 0.03 * abs(runs[-1] - runs[0]) or 0.05 * abs(runs[0]) or 1.0
    ends = runs[0] - sign * room, runs[-1] + sign * room
    plot = LinePlot
    lines, columns = [], columns_for(titles[name] for name in scores)
    for number, (name, of) in enumerate(scores.items()):
        worst, median, best = (rounding.number(value, places) for value in three_points(of, better))
        lines.append(drawn_line(number, columns, name, titles[name],
                                f"{titles[name]}: worst run {worst}, median {median}, best {best}",
                                _steps(of, runs, ends, better), href=(hrefs or {}).get(name, "")))
    x_ticks = tuple(Tick(placed(value, ends, plot.left, plot.right), text)
                    for value, text in nice_ticks(min(ends), max(ends)))
    y_ticks = tuple(Tick(placed(share / 4, (0, 1), plot.bottom, plot.top), f"{share * 25} %") for share in range(5))
    return LinePlot(f"Share of runs at least as good: {heading}", f"{'; '.join(line.text for line in lines)}.",
                    f"{heading}, better to the right", x_ticks, y_ticks, tuple(lines), height_for(len(lines), columns))


def three_points(values: Sequence[float], better: str) -> tuple[float, float, float]:
    """The worst run, the median and the best."""
    ordered = sorted(values, reverse=better == "lower")
    half = len(ordered) // 2
    return ordered[0], ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2, ordered[-1]


def _steps(values: Sequence[float], runs: Sequence[float], ends: tuple[float, float], better: str) -> str:
    plot, points = LinePlot, []
    shares = performance_profile(values, runs, better)
    start = placed(ends[0], ends, plot.left, plot.right)
    for run, share in zip(runs, shares, strict=True):  # the share holds up to and including this score
        x, y = placed(run, ends, plot.left, plot.right), placed(share, (0, 1), plot.bottom, plot.top)
        points += [f"{start},{y}", f"{x},{y}"]
        start = x
    points += [f"{start},{plot.bottom}", f"{placed(ends[1], ends, plot.left, plot.right)},{plot.bottom}"]
    return " ".join(points)


def band_plot(title: str, axis: str, lines: Sequence[tuple[str, str, str, Sequence[tuple[float, Interval]]]], *,
              zero: bool = False) -> LinePlot | None:
    """Means by step with their bands, of (name, title, sentence, points); None where nothing moves. With `zero` the
    line of no difference is drawn."""
    ends = [end for *_, points in lines for _, at in points for end in (at.mean, at.low, at.high) if end is not None]
    ends += [0.0] * zero
    if not ends or min(ends) == max(ends):
        return None
    steps = [step for *_, points in lines for step, _ in points]
    plot = LinePlot
    x = Scale(min(steps), max(steps), plot.left, plot.right)
    y = Scale(min(ends), max(ends), plot.bottom, plot.top)
    drawn, columns = [], columns_for(words for _, words, _, _ in lines[:MOST_LINES])
    for number, (name, words, text, points) in enumerate(lines[:MOST_LINES]):
        low = [(x(step), y(at.mean if at.low is None else at.low)) for step, at in points]
        high = [(x(step), y(at.mean if at.high is None else at.high)) for step, at in points]
        banded = any(at.low is not None for _, at in points)
        line = " ".join(f"{x(step)},{y(at.mean)}" for step, at in points)
        drawn.append(drawn_line(number, columns, name, words, text, line,
                                " ".join(f"{a},{b}" for a, b in [*low, *reversed(high)]) if banded else ""))
    return LinePlot(title, f"{'; '.join(line.text for line in drawn)}.", axis,
                    tuple(Tick(x(value), text) for value, text in nice_ticks(min(steps), max(steps))),
                    tuple(Tick(y(value), text) for value, text in nice_ticks(min(ends), max(ends))), tuple(drawn),
                    height_for(len(drawn), columns), y(0.0) if zero else None)
