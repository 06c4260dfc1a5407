"""What the runs of one arena say beyond its table: ranks over blocks, chances to improve, profiles, reliability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluations.arithmetic import statistics
from evaluations.arithmetic.ranks import FEW_BLOCKS, RankComparison, compare_ranks
from evaluations.arithmetic.reliability import Reliability, reliability_of
from evaluations.arithmetic.statistics import Interval
from evaluations.claims.verdicts import statuses_by_arena
from evaluations.models import Verdict
from evaluations.tables.build import TableError, build_settings_table, build_table
from evaluations.tables.state import TableState
from evaluations.tables.table import Column, Table
from methods.models import Arena

POSTHOCS = ("nemenyi", "wilcoxon-holm")
MOST_PAIRED = 24  # methods beyond which all pairs by Wilcoxon take long and decide nothing
PROFILES = 5


@dataclass(frozen=True)
class RankReading:
    """Methods compared by rank over blocks; without a comparison, `reason` says why there is none."""

    blocks: str  # seeds or settings
    comparison: RankComparison | None
    reason: str
    left_out: tuple[str, ...]  # titles of methods with too few scores to take part
    titles: Mapping[str, str]

    @property
    def sentences(self) -> list[str]:
        """The outcome in plain words."""
        if self.comparison is None:
            return [self.reason]
        c, found = self.comparison, []
        k, n = len(c.names), len(c.blocks)
        p = "p < 0.001" if c.p_value < 0.001 else f"p = {c.p_value:.3f}"
        differ = c.p_value <= statistics.ALPHA
        found.append(f"{c.test} over {n} {self.blocks} and {k} methods: {p}, so "
                     f"{'at least two methods differ' if differ else 'no method can be told from another by rank'}.")
        if k == 2 and n < 6:
            found.append(f"With two methods and {n} {self.blocks} the smallest p this test can give is "
                         f"{2 ** (1 - n):.3g}: it cannot reach 0.05 below six blocks.")
        if c.critical_difference is not None and differ:
            found.append(f"Average ranks further apart than {c.critical_difference:.2f} differ (Nemenyi); "
                         f"the ranks here go from {c.average_ranks[0]:.2f} to {c.average_ranks[-1]:.2f}.")
        if differ:
            best = c.names[:1] + tuple(name for group in c.groups if c.names[0] in group for name in group[1:])
            names = [self.titles[name] for name in best]
            found.append(f"{names[0]} has the best average rank"
                         + (f"; {len(names) - 1} more cannot be told from it by rank." if names[1:] else ", alone."))
        if n < FEW_BLOCKS:
            found.append(f"Caution: with only {n} {self.blocks} a rank test can hardly tell methods apart.")
        if c.dropped_blocks:
            found.append(f"Not used are the {self.blocks} in which not every method was measured: "
                         f"{', '.join(map(str, c.dropped_blocks))}.")
        if self.left_out:
            found.append(f"Left out, with too few scores: {', '.join(self.left_out)}.")
        return found


@dataclass(frozen=True)
class Improvement:
    method: str
    title: str
    chance: Interval


@dataclass(frozen=True)
class Resolution:
    """What the arena can tell apart: among the methods of one column, and among its claims in all settings."""

    pairs: int
    separated: float | None  # share of pairs of methods with one significantly better
    tiers: int
    tested: int  # claims with a verdict
    decided: int

    @property
    def sentences(self) -> list[str]:
        if self.separated is None:
            return ["Two measured methods are needed before the arena can be said to tell anything apart."]
        said = [f"{self.separated:.0%} of the {self.pairs:,} pairs of methods are told apart (Holm-corrected paired t "
                f"tests over all pairs), in {self.tiers} tier{'s' * (self.tiers != 1)}."]
        if self.tested:
            said.append(f"{self.decided / self.tested:.0%} of its {self.tested} tested claims are decided, over all "
                        "settings.")
        return said


@dataclass(frozen=True)
class ArenaStatistics:
    """All of it for one metric of one setting."""

    table: Table
    column: Column
    over_seeds: RankReading
    over_settings: RankReading
    against: str
    improvements: tuple[Improvement, ...]
    profiles: tuple[str, ...]  # slugs to draw, best first
    reliability: Reliability
    resolution: Resolution

    @property
    def titles(self) -> dict[str, str]:
        return {row.method: row.title for row in self.table.rows}


def arena_statistics(arena: Arena, state: TableState, *, against: str = "", posthoc: str = "nemenyi"
                     ) -> ArenaStatistics:
    """Of the state's setting, scale, methods and first metric. Raises TableError for what the arena does not have."""
    metric = state.metrics[0] if state.metrics else arena.primary_metric["name"]
    methods = state.methods or None
    table = build_table(arena, setting=state.setting, metrics=[metric], scale=state.scale, methods=methods,
                        variants=state.variants)
    settings = build_settings_table(arena, metric=metric, scale=state.scale, methods=methods, variants=state.variants)
    column, values = table.primary, table.values(metric)
    against = against or (arena.baseline if arena.baseline in values else next(iter(values), ""))
    if values and against not in values:
        raise TableError(f"{against} has no scores here to compare with")
    if posthoc not in POSTHOCS:
        raise TableError(f"there is no post-hoc {posthoc}; there are {', '.join(POSTHOCS)}")
    return ArenaStatistics(
        table, column, _over_seeds(table, posthoc), _over_settings(settings, column.better, posthoc), against,
        improvements(values, against, column.better, {row.method: row.title for row in table.rows}),
        _profiles(table, state, arena.baseline), reliability_of(values, column.better),
        resolution_of(arena, values, column.better))


def resolution_of(arena: Arena, values: Mapping[str, Mapping[int, float]], better: str) -> Resolution:
    """Of the methods with these values by seed, and of the arena's claims at full scale; two queries."""
    pairs = statistics.compare_pairs(values, better)
    standings = statistics.tiers(values, better)
    counts = statuses_by_arena()[arena.slug]
    decided = counts[Verdict.CONFIRMED] + counts[Verdict.REFUTED]
    k = len(pairs.names)
    return Resolution(k * (k - 1) // 2, pairs.separated, max((s.tier for s in standings.values() if s.tier), default=0),
                      decided + counts[Verdict.INCONCLUSIVE], decided)


def improvements(values: Mapping[str, Mapping[int, float]], against: str, better: str,
                 titles: Mapping[str, str]) -> tuple[Improvement, ...]:
    """The chance of every other method to beat `against`, highest first."""
    found = [Improvement(slug, titles[slug], statistics.probability_of_improvement(
        list(of.values()), list(values[against].values()), better)) for slug, of in values.items() if slug != against]
    return tuple(sorted(found, key=lambda each: (-each.chance.mean, each.title)))


def rank_reading(values: Mapping[str, Mapping[Any, float]], better, posthoc: str, *, blocks: str,
                 titles: Mapping[str, str], left_out: Sequence[str] = ()) -> RankReading:
    """The methods compared by rank, or why they cannot be."""
    if posthoc != "nemenyi" and len(values) > MOST_PAIRED:
        return RankReading(blocks, None, f"All pairs of {len(values)} methods are too many for Wilcoxon-Holm: choose "
                                         f"up to {MOST_PAIRED} methods.", tuple(left_out), titles)
    comparison = compare_ranks(values, better, posthoc) if values else None
    common = set.intersection(*(set(of) for of in values.values())) if values else set()
    reason = "" if comparison else (
        f"A rank test takes two methods and two {blocks} that all of them were measured in; there are {len(values)} "
        f"methods with {len(common)} in common.")
    return RankReading(blocks, comparison, reason, tuple(left_out), titles)


def _over_seeds(table: Table, posthoc: str) -> RankReading:
    values = table.values(table.primary.key)
    kept = statistics.well_measured(values)
    titles = {row.method: row.title for row in table.rows}
    return rank_reading(kept, table.primary.better, posthoc, blocks="seeds", titles=titles,
                        left_out=[titles[slug] for slug in values if slug not in kept])


def _over_settings(table: Table, better: str, posthoc: str) -> RankReading:
    """Blocks are the settings in which anything was measured; a method must have been measured in all of them."""
    means = {row.method: {column.setting: row.cells[column.key].mean for column in table.columns
                          if column.key in row.cells and not row.cells[column.key].stale} for row in table.rows}
    used = {setting for of in means.values() for setting in of}
    titles = {row.method: row.title for row in table.rows}
    kept = {slug: of for slug, of in means.items() if of and set(of) == used}
    return rank_reading(kept, better, posthoc, blocks="settings", titles=titles,
                        left_out=[titles[slug] for slug, of in means.items() if of and slug not in kept])


def _profiles(table: Table, state: TableState, baseline: str) -> tuple[str, ...]:
    """The methods chosen, else the baseline and the best, at most PROFILES."""
    key = table.primary.key
    rows = [row for row in table.rows if key in row.cells and not row.cells[key].stale]
    ranked = [row.method for row in sorted(rows, key=lambda row: row.cells[key].mean,
                                           reverse=table.primary.better != "lower")]
    if state.methods or baseline not in ranked[PROFILES:]:
        return tuple(ranked[:PROFILES])
    return (*ranked[:PROFILES - 1], baseline)


def statistics_record(found: ArenaStatistics) -> dict[str, Any]:
    """The statistics as plain data, ready for JSON."""
    return {
        "arena": found.table.arena, "setting": found.column.setting, "scale": found.table.facts.scale,
        "metric": found.column.key, "over_seeds": reading_record(found.over_seeds),
        "over_settings": reading_record(found.over_settings), "against": found.against,
        "improvements": [{"method": each.method, "probability": each.chance.mean, "low": each.chance.low,
                          "high": each.chance.high} for each in found.improvements],
        "resolution": vars(found.resolution),
        "reliability": {"correlation": found.reliability.value, "seeds": found.reliability.seeds,
                        "methods": found.reliability.methods, "upper_half": found.reliability.upper,
                        "enough": found.reliability.enough}}


def reading_record(reading: RankReading) -> dict[str, Any]:
    c = reading.comparison
    return {"blocks": [str(block) for block in c.blocks] if c else [], "kind": reading.blocks,
            "test": c.test if c else "", "p_value": c.p_value if c else None,
            "critical_difference": c.critical_difference if c else None,
            "average_ranks": dict(zip(c.names, c.average_ranks, strict=True)) if c else {},
            "groups": [list(group) for group in c.groups] if c else [], "left_out": list(reading.left_out),
            "in_words": reading.sentences}
