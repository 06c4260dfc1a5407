"""Average ranks as a critical-difference diagram."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluations.arithmetic.ranks import RankComparison
from evaluations.figures.plots.axes import WIDTH, Label, Scale, Tick, label_of

MOST_RANKED = 24
SIDE = 275  # room for names beside the axis
MOST_TICKS = 12


@dataclass(frozen=True)
class RankLabel:
    """A method on the rank axis with the elbow that leads to its name."""

    x: float
    y: float
    name_x: float
    title: str
    label: Label
    text: str
    anchor: str
    href: str = ""


@dataclass(frozen=True)
class RankBar:
    left: float
    width: float
    y: float


@dataclass(frozen=True)
class RankPlot:
    """A critical-difference diagram: average ranks, 1 at the left; bars join what the ranks cannot separate."""

    title: str
    description: str
    ticks: tuple[Tick, ...]
    labels: tuple[RankLabel, ...]
    bars: tuple[RankBar, ...]
    cd: tuple[float, float] | None  # ends of the critical-difference ruler
    cd_text: str
    comparison: RankComparison
    height: float
    axis_y: float
    width: float = WIDTH
    left: float = SIDE
    right: float = WIDTH - SIDE


def rank_plot(comparison: RankComparison | None, titles: Mapping[str, str], blocks: str,
              hrefs: Mapping[str, str] | None = None) -> RankPlot | None:
    """`blocks` says in words what the ranks are averaged over. None for nothing, or for too many methods to draw."""
    if comparison is None or len(comparison.names) > MOST_RANKED:
        return None
    k = len(comparison.names)
    scale = Scale(1, k, RankPlot.left, RankPlot.right)
    bars_top, axis_y = 62, 50
    ends = [(scale(_rank(comparison, group[0])) - 4, scale(_rank(comparison, group[-1])) + 4)
            for group in comparison.groups]
    bars = tuple(RankBar(start, end - start, bars_top + 8 * place) for place, (start, end) in enumerate(ends))
    first_y = bars_top + 8 * len(bars) + 14
    half = (k + 1) // 2
    labels = tuple(RankLabel(
        scale(rank), first_y + 20 * (place if place < half else k - 1 - place),
        RankPlot.left - 8 if place < half else RankPlot.right + 8, titles[name],
        label_of(titles[name], 36), f"{rank:.2f}",
        "end" if place < half else "start", (hrefs or {}).get(name, ""))
        for place, (name, rank) in enumerate(zip(comparison.names, comparison.average_ranks, strict=True)))
    cd, stride = comparison.critical_difference, -(-k // MOST_TICKS)
    ranks = ", ".join(f"{titles[name]} {rank:.2f}" for name, rank in
                      zip(comparison.names, comparison.average_ranks, strict=True))
    joined = "; ".join(" to ".join(dict.fromkeys((titles[g[0]], titles[g[-1]]))) for g in comparison.groups)
    return RankPlot(
        f"Average ranks over {blocks}", f"Average ranks: {ranks}. Not separable: {joined or 'none'}.",
        tuple(Tick(scale(rank), str(rank)) for rank in range(1, k + 1, stride)), labels, bars,
        (scale.start, min(scale(1 + cd), scale.end)) if cd else None,
        f"critical difference {cd:.2f}" if cd else "", comparison, first_y + 20 * half, axis_y)


def _rank(comparison: RankComparison, name: str) -> float:
    return comparison.average_ranks[comparison.names.index(name)]
