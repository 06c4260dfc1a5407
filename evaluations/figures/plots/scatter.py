"""Points in a plane: quality against cost, scores by year, a map. Names stand beside points where there is room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from evaluations.figures.plots.axes import (
    LETTER,
    RIGHT,
    WIDTH,
    Scale,
    Tick,
    nice_ticks,
    padded,
    shortened,
    within_reach,
)

LABEL_LETTERS, LINE = 48, 13
MARK, HOLLOW, PALE = "mark", "mark hollow", "mark dim"
DECADES = 8  # times the least: costs that span more are drawn on a logarithmic axis


@dataclass(frozen=True)
class Point:
    """A mark with its sentence; a name that found no room is "" here and stands in the table alone."""

    name: str
    x: float
    y: float
    text: str
    mark: str = MARK  # classes
    size: float = 5
    low: float | None = None
    high: float | None = None
    arrow: str = ""
    label: str = ""
    label_x: float = 0
    label_y: float = 0
    anchor: str = "start"
    faint: bool = False
    strong: bool = False
    href: str = ""


@dataclass(frozen=True)
class Reference:
    """A horizontal line with its name."""

    at: float
    name: str
    text: str


@dataclass(frozen=True)
class Scatter:
    x_axis: str
    y_axis: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    points: tuple[Point, ...]
    path: str = ""  # points of a polyline
    lines: tuple[Reference, ...] = ()
    logarithmic: bool = False
    outside: int = 0  # points beyond the frame
    width: float = WIDTH
    height: float = 420
    left: float = 64
    right: float = WIDTH - RIGHT
    top: float = 18
    bottom: float = 372


@dataclass(frozen=True)
class Datum:
    """A point in units of the data; those with the highest `weight` are named first, those with none not at all."""

    name: str
    title: str
    x: float
    y: float
    text: str
    mark: str = MARK
    size: float = 5
    low: float | None = None
    high: float | None = None
    weight: float = 0
    strong: bool = False
    href: str = ""


def scatter(data: Sequence[Datum], x_axis: str, y_axis: str, *, logarithmic: bool | None = None,
            references: Sequence[tuple[str, float, str]] = (), path: Callable[[Scale, Scale], str] | None = None,
            whole_numbers: bool = False, square: bool = False) -> Scatter:
    """`references` are name, height and text of lines; those that lie too far off are left out, as far values are: an
    arrow at the edge stands for each. `path` makes a line of the scales; in a `square` both axes have one unit and no
    numbers."""
    plot = Scatter
    xs, ys = [of.x for of in data], [of.y for of in data]
    if logarithmic is None:
        logarithmic = min(xs) > 0 and max(xs) / min(xs) > DECADES
    x_low, x_high = padded(xs, logarithmic)
    y_low, y_high = within_reach(ys) if not square else (min(ys), max(ys))
    room = (y_high - y_low) / 2 or 1.0
    near = [of for of in references if y_low - room <= of[1] <= y_high + room]
    y_low, y_high = padded([y_low, y_high, *(of[1] for of in near)])
    if square:
        half = max(x_high - x_low, (y_high - y_low) * (plot.right - plot.left) / (plot.bottom - plot.top)) / 2
        x_middle, y_middle = (x_low + x_high) / 2, (y_low + y_high) / 2
        x_low, x_high = x_middle - half, x_middle + half
        half *= (plot.bottom - plot.top) / (plot.right - plot.left)
        y_low, y_high = y_middle - half, y_middle + half
    x = Scale(x_low, x_high, plot.left, plot.right, logarithmic)
    y = Scale(y_low, y_high, plot.bottom, plot.top)
    x_ticks = nice_ticks(x_low, x_high, logarithmic)
    if whole_numbers:
        x_ticks = [(value, f"{value:.0f}") for value, _ in x_ticks if value == round(value)]
    y_ticks = nice_ticks(y_low, y_high)
    if square:
        x_ticks, y_ticks = [], []
    points = [_point(of, x, y) for of in data]
    return Scatter(x_axis, y_axis, tuple(Tick(x(v), text) for v, text in x_ticks),
                   tuple(Tick(y(v), text) for v, text in y_ticks), tuple(_named(data, points)),
                   path(x, y) if path else "",
                   tuple(Reference(y(at), name, text) for name, at, text in near), logarithmic,
                   sum(bool(point.arrow) for point in points))


def _point(of: Datum, x: Scale, y: Scale) -> Point:
    px, py, outside = x(of.x), y.cut(of.y), not y.holds(of.y)
    tip, down = (y.end, 1) if of.y > y.high else (y.start, -1)
    whiskers = of.low is not None and of.high is not None and not outside
    return Point(of.name, px, py, of.text, of.mark, of.size,
                 y.cut(of.high) if whiskers and of.high is not None else None,
                 y.cut(of.low) if whiskers and of.low is not None else None,
                 f"{px},{tip} {px - 5},{tip + down * 10} {px + 5},{tip + down * 10}" if outside else "",
                 strong=of.strong, href=of.href)


def _named(data: Sequence[Datum], points: Sequence[Point]) -> list[Point]:
    """The points with names beside them, where these cover neither point nor name; the weightiest choose first."""
    taken = [(point.x - 5, point.y - 5, point.x + 5, point.y + 5) for point in points]
    named = list(points)
    for place in sorted(range(len(data)), key=lambda place: -data[place].weight):
        of, point = data[place], points[place]
        if of.weight <= 0:
            continue
        label = shortened(of.title, LABEL_LETTERS)
        for label_x, label_y, anchor in _beside(point, of.weight > 1):
            width = len(label) * (LETTER if of.weight > 1 else LETTER * 0.92)
            start = label_x if anchor == "start" else label_x - width if anchor == "end" else label_x - width / 2
            box = (start, label_y - LINE + 3, start + width, label_y + 3)
            if box[0] < Scatter.left or box[2] > Scatter.width or box[1] < 0 or box[3] > Scatter.bottom:
                continue
            if any(_meet(box, other) for other in taken):
                continue
            taken.append(box)
            named[place] = replace(point, label=label, label_x=round(label_x, 1), label_y=round(label_y, 1),
                                   anchor=anchor, faint=of.weight <= 1)
            break
    return named


def _beside(point: Point, insist: bool) -> list[tuple[float, float, str]]:
    """Places for a name, the best first; one that must be there tries places further off too."""
    x, y = point.x, point.y
    near = [(x + 9, y + 4, "start"), (x - 9, y + 4, "end"), (x, y - 9, "middle"), (x, y + 17, "middle"),
            (x + 7, y - 7, "start"), (x - 7, y - 7, "end"), (x + 7, y + 14, "start"), (x - 7, y + 14, "end")]
    far = [(x + side * 9, y + 4 + shift, anchor) for shift in (-17, 17, -30, 30)
           for side, anchor in ((1, "start"), (-1, "end"))]
    return near + far * insist


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
