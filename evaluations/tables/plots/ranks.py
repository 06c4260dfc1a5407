"""Average ranks as a critical-difference diagram."""

from __future__ import annotations

from dataclasses import dataclass

from evaluations.arithmetic.ranks import RankComparison
from evaluations.tables.plots.axes import WIDTH, Scale, Tick, shortened

MOST_RANKED, RANK_LETTERS = 24, 24


@dataclass(frozen=True)
class RankLabel:
    """A method on the rank axis with the elbow that leads to its name."""

    x: float
    y: float
    name_x: float
    label: str
    text: str
    anchor: str


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
    left: float = 190
    right: float = WIDTH - 190


def rank_plot(comparison: RankComparison | None, titles: dict[str, str], blocks: str) -> RankPlot | None:
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
        RankPlot.left - 8 if place < half else RankPlot.right + 8, shortened(titles[name], RANK_LETTERS), f"{rank:.2f}",
        "end" if place < half else "start")
        for place, (name, rank) in enumerate(zip(comparison.names, comparison.average_ranks, strict=True)))
    cd = comparison.critical_difference
    ranks = ", ".join(f"{titles[name]} {rank:.2f}" for name, rank in
                      zip(comparison.names, comparison.average_ranks, strict=True))
    joined = "; ".join(" to ".join(dict.fromkeys((titles[g[0]], titles[g[-1]]))) for g in comparison.groups)
    return RankPlot(
        f"Average ranks over {blocks}", f"Average ranks: {ranks}. Not separable: {joined or 'none'}.",
        tuple(Tick(scale(rank), str(rank)) for rank in range(1, k + 1)), labels, bars,
        (scale.start, min(scale(1 + cd), scale.end)) if cd else None,
        f"critical difference {cd:.2f}" if cd else "", comparison, first_y + 20 * half, axis_y)


def _rank(comparison: RankComparison, name: str) -> float:
    return comparison.average_ranks[comparison.names.index(name)]
