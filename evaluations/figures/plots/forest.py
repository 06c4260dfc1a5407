"""Claims against zero, with what was measured of each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evaluations.arithmetic import rounding
from evaluations.claims.verdicts import ClaimStanding
from evaluations.claims.wording import claimed
from evaluations.figures.plots.axes import (
    RIGHT,
    TOP,
    UNCUT,
    WIDTH,
    Label,
    Scale,
    Tick,
    arrow_at,
    label_of,
    nice_ticks,
    shortened,
    within_reach,
)
from evaluations.models import Verdict
from evaluations.reported.beside import Beside, beside_in_words

LABELS, LETTERS, WORDS, ROW = 350, 46, 52, 38
FAR = 1.5  # times the middle half of the differences beyond it: further out is said by an arrow, not drawn to scale


@dataclass(frozen=True)
class ReportedMark:
    """A gain that the paper reports of the same metric: from its own experiment, only drawn beside."""

    x: float
    text: str


@dataclass(frozen=True)
class ForestRow:
    """One claim: its measured difference and interval, positive supporting it."""

    claim: int
    y: float
    label: str
    small: bool
    words: Label
    sentence: str
    text: str
    status: str
    stale: bool
    x: float
    left: float
    right: float
    cut_left: bool
    cut_right: bool
    reported: tuple[ReportedMark, ...] = ()
    outside: str = ""  # the difference where it lies beyond the frame: its mark is an arrow at the edge
    arrow: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class ForestPlot:
    """Claims of one unit against zero: what is claimed lies to the right of it."""

    key: str
    unit: str
    title: str
    description: str
    axis: str
    ticks: tuple[Tick, ...]
    rows: tuple[ForestRow, ...]
    zero: float
    bottom: float
    height: float
    idle: int
    width: float = WIDTH
    left: float = LABELS
    right: float = WIDTH - RIGHT

    @property
    def reported(self) -> tuple[str, ...]:
        """What is quoted, each once."""
        return tuple(dict.fromkeys(f"{row.label}: {mark.text}" for row in self.rows for mark in row.reported))


def forest_plots(standings: Sequence[ClaimStanding], beside: Mapping[int, Sequence[Beside]] | None = None
                 ) -> tuple[ForestPlot, ...]:
    """One plot per unit (per metric where it has none) of the claims that have a verdict, the largest lead first.

    `beside` are what the methods' papers report, by method: gains in the metric of a claim are drawn on its row, at
    the frame's edge where they lie beyond, and move neither rows nor scale.
    """
    groups: dict[str, list[ClaimStanding]] = {}
    idle: Counter[str] = Counter()
    for standing in standings:
        metric = standing.claim.method.arena.metric(standing.claim.metric)
        unit = metric["unit"] or metric["title"].lower()
        idle[unit] += standing.verdict is None
        if standing.verdict is not None:
            groups.setdefault(unit, []).append(standing)
    return tuple(_forest(place, unit, of, idle[unit], beside or {}) for place, (unit, of) in
                 enumerate(sorted(groups.items())))


def _forest(place: int, unit: str, standings: Sequence[ClaimStanding], idle: int,
            beside: Mapping[int, Sequence[Beside]]) -> ForestPlot:
    standings = sorted(standings, key=lambda s: -s.decided.difference)
    low, high = _forest_domain(standings)
    scale = Scale(low, high, LABELS + 10, WIDTH - RIGHT)
    places = rounding.decimals([s.decided.difference for s in standings],
                               [(s.decided.high - s.decided.low) / 2 for s in standings])
    rows = tuple(replace(_forest_row(s, TOP + (i + 0.5) * ROW, unit, places, scale),
                         reported=_marks(s, beside, scale)) for i, s in enumerate(standings))
    bottom = TOP + len(rows) * ROW
    counts = Counter(row.status for row in rows)
    told = ", ".join(f"{counts[status]} {status}" for status in Verdict.STATUSES
                     if counts[status])
    ends = f" From {rows[0].text} to {rows[-1].text}." if len(rows) > 1 else f" {rows[0].text}."
    return ForestPlot(
        str(place), unit, f"Claims against their measured differences, in {unit}",
        f"{len(rows)} claim{'s' * (len(rows) != 1)}: {told}. Right of zero supports the claim.{ends}",
        f"measured paired difference in {unit}; right of zero supports the claim",
        tuple(Tick(scale(value), text) for value, text in nice_ticks(low, high)), rows, scale(0.0), bottom, bottom + 44,
        idle)


def _forest_row(standing: ClaimStanding, y: float, unit: str, places: int, scale: Scale) -> ForestRow:
    claim, verdict = standing.claim, standing.decided
    amounts = [rounding.number(v, places, signed=True) for v in (verdict.difference, verdict.low, verdict.high)]
    setting = "" if claim.setting == "default" else f" ({claim.setting})"
    words = f"{claimed(claim)}{setting}"
    name = f"{claim.method.title}: {words}"
    x, outside = scale.cut(verdict.difference), not scale.low <= verdict.difference <= scale.high
    side = 1 if verdict.difference > scale.high else -1
    return ForestRow(
        claim.pk, y, shortened(claim.method.title, 58), len(claim.method.title) > LETTERS,
        label_of(words, WORDS), words,
        f"{name}, {amounts[0]} {unit}, 95 % interval {amounts[1]} to {amounts[2]}, {verdict.n} seeds, {verdict.status}",
        verdict.status, standing.stale, x, scale.cut(verdict.low), scale.cut(verdict.high),
        verdict.low < scale.low, verdict.high > scale.high, outside=amounts[0] if outside else "",
        arrow=arrow_at(x, y, side) if outside else "",
        anchor="end" if side > 0 else "start")


def _within_reach(means: Sequence[float]) -> tuple[float, float]:
    """The least and the greatest difference that are drawn to scale, so that a few far ones do not squeeze the rest."""
    low, high = within_reach(means, FAR, worth=1.0)
    return min(0.0, low), max(0.0, high)


def _marks(standing: ClaimStanding, beside: Mapping[int, Sequence[Beside]], scale: Scale) -> tuple[ReportedMark, ...]:
    return tuple(ReportedMark(scale.cut(abs(of["value"])), beside_in_words(of))
                 for of in beside.get(standing.claim.method_id, ()) if of["gain"]
                 and of["metric"] == standing.claim.metric)


def _forest_domain(standings: Sequence[ClaimStanding]) -> tuple[float, float]:
    """Zero and every difference that is not far out; intervals whole of a few claims, of many as far as half the spread
    beyond them."""
    low, high = _within_reach([s.decided.difference for s in standings])
    room = (high - low) or max(s.decided.high - s.decided.low for s in standings) or 1.0
    beyond = room / 2 if len(standings) > UNCUT else math.inf
    low = min([low, *(max(s.decided.low, low - beyond) for s in standings)])
    high = max([high, *(min(s.decided.high, high + beyond) for s in standings)])
    margin = (high - low or room) * 0.03
    return low - margin, high + margin
