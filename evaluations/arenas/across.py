"""Comparing methods across arenas, and every arena's statistics at a glance.

Few methods run in more than one arena. Two rows of the library are taken for one method when they share slug or
title; what such a method is trained on differs from arena to arena, and the comparison asks whether it is good at
more than one thing. A block is an arena's main setting, or each of its settings; settings of one arena share data
and seeds, so blocks of that kind are not independent and tests over them are too sure. The page says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

from evaluations.arithmetic import rounding, statistics
from evaluations.arithmetic.ranks import compare_ranks
from evaluations.arithmetic.reliability import Reliability, reliability_of
from evaluations.arithmetic.statistics import Standing
from evaluations.runs.measurements import Measurement, measure
from evaluations.tables.statistics import RankReading, rank_reading, reading_record
from methods.models import Arena, Method

ARENAS, SETTINGS = "arenas", "settings"
BLOCKS = (ARENAS, SETTINGS)
MOST_PAIRS = 10


@dataclass(frozen=True)
class ArenaLine:
    """The statistics of one arena's main table. `p_value` is Friedman's over seeds, None when it cannot be had."""

    arena: Arena
    methods: int
    measured: int
    seeds: int
    p_value: float | None
    separated: int  # methods whose average rank differs from the best one's
    reliability: Reliability


@dataclass(frozen=True)
class Place:
    """Where a method stands in one block."""

    block: str
    arena: str
    setting: str
    text: str
    tier: int | None
    best_rank: int
    worst_rank: int
    rivals: int


@dataclass(frozen=True)
class SharedMethod:
    """One method that several arenas have, with its places; `slugs` by arena."""

    key: str
    title: str
    slugs: Mapping[str, str]
    places: tuple[Place, ...]


@dataclass(frozen=True)
class PairReading:
    """Two methods block by block: what the paired seeds say in each."""

    ours: str
    theirs: str
    wins: tuple[str, ...]
    losses: tuple[str, ...]
    undecided: tuple[str, ...]

    @property
    def sentence(self) -> str:
        parts = [f"{verb} {', '.join(blocks)}" for verb, blocks in (
            ("better in", self.wins), ("worse in", self.losses), ("not to be told apart in", self.undecided)) if blocks]
        return f"{self.ours} against {self.theirs}: {'; '.join(parts)}."


@dataclass(frozen=True)
class Across:
    """The page: arenas at a glance, the methods they share, and the chosen ones compared."""

    arenas: tuple[ArenaLine, ...]
    shared: tuple[SharedMethod, ...]
    chosen: tuple[str, ...]
    blocks: str
    reading: RankReading
    pairs: tuple[PairReading, ...] = ()
    problem: str = ""


@dataclass
class _Block:
    """One arena in one setting: present-code scores of its main metric by slug and seed."""

    arena: Arena
    setting: str
    better: str
    values: dict[str, Mapping[int, float]] = field(default_factory=dict)

    @cached_property
    def standings(self) -> dict[str, Standing]:
        """Of every method; asked for when all values are there."""
        return statistics.tiers(self.values, self.better)

    @property
    def name(self) -> str:
        main = self.setting == self.arena.settings[0]["name"]
        return self.arena.title if main else f"{self.arena.title}, {self.setting}"


def across(chosen: Sequence[str] = (), blocks: str = ARENAS) -> Across:
    """Everything the page shows; a fixed number of queries. Names that are not shared are said to be a problem."""
    arenas = list(Arena.objects.filter(present=True).defer("source_code", "explanation"))
    methods = list(Method.objects.filter(present=True).only("slug", "title", "arena_id", "code_digest", "digests"))
    groups = shared_methods(methods)
    found = _blocks(arenas, methods, groups)
    main = {arena.slug: found[arena.slug, arena.settings[0]["name"]] for arena in arenas}
    wanted = {key: {m.arena_id: m.slug for m in of} for key, of in groups.items()}
    used = [block for (slug, setting), block in found.items()
            if blocks == SETTINGS or setting == block.arena.settings[0]["name"]]
    unknown = [key for key in chosen if key not in groups]
    keys = [key for key in dict.fromkeys(chosen) if key in groups] or _most_shared(wanted, used)
    titles = {key: of[0].title for key, of in groups.items()}
    return Across(
        tuple(_line(arena, methods, main[arena.slug]) for arena in arenas), tuple(
            SharedMethod(key, titles[key], wanted[key], tuple(_places(wanted[key], used))) for key in groups),
        tuple(keys), blocks, _reading(keys, wanted, used, titles, blocks), tuple(_pairs(keys, wanted, used, titles)),
        f"No two arenas share {', '.join(unknown)}." if unknown else "")


def shared_methods(methods: Iterable[Method]) -> dict[str, list[Method]]:
    """Methods of at least two arenas with one slug or one title, by their first slug."""
    groups: dict[str, list[Method]] = {}
    known: dict[str, str] = {}
    for method in sorted(methods, key=lambda each: (each.slug, each.arena_id)):
        names = (method.slug, method.title.casefold())
        key = next((known[name] for name in names if name in known), method.slug)
        known.update(dict.fromkeys(names, key))
        groups.setdefault(key, []).append(method)
    return {key: of for key, of in groups.items() if len({method.arena_id for method in of}) > 1}


def across_record(found: Across) -> dict[str, Any]:
    """The page as plain data, ready for JSON."""
    return {
        "arenas": [{"arena": line.arena.slug, "methods": line.methods, "measured": line.measured, "seeds": line.seeds,
                    "friedman_p": line.p_value, "reliability": line.reliability.value,
                    "reliable": line.reliability.enough} for line in found.arenas],
        "shared": [{"key": each.key, "title": each.title, "slugs": dict(each.slugs), "places": [
            {"arena": p.arena, "setting": p.setting, "tier": p.tier, "best_rank": p.best_rank,
             "worst_rank": p.worst_rank, "methods": p.rivals + 1} for p in each.places]} for each in found.shared],
        "chosen": list(found.chosen), "blocks": found.blocks, "reading": reading_record(found.reading),
        "pairs": [{"method": p.ours, "rival": p.theirs, "wins": list(p.wins), "losses": list(p.losses),
                   "undecided": list(p.undecided)} for p in found.pairs], "problem": found.problem}


def _blocks(arenas: Sequence[Arena], methods: Sequence[Method], groups: Mapping[str, Sequence[Method]]
            ) -> dict[tuple[str, str], _Block]:
    """Every arena's main setting with all methods, and its other settings with the methods that are shared."""
    primary = {arena.slug: arena.primary_metric for arena in arenas}
    names = {metric["name"] for metric in primary.values()}
    main = {arena.slug: arena.settings[0]["name"] for arena in arenas}
    found, _ = measure(methods, settings=set(main.values()), scale="full", metrics=names, costs=False)
    shared = {method.pk for of in groups.values() for method in of}
    others = {setting["name"] for arena in arenas for setting in arena.settings}
    more, _ = measure([m for m in methods if m.pk in shared], settings=others, scale="full", metrics=names, costs=False)
    blocks = {(arena.slug, setting["name"]): _Block(arena, setting["name"], primary[arena.slug]["better"])
              for arena in arenas for setting in arena.settings}
    of_method = {method.pk: method for method in methods}
    for (pk, setting), measurement in {**more, **found}.items():
        method = of_method[pk]
        _take(blocks.get((method.arena_id, setting)), method.slug, measurement,
              primary.get(method.arena_id, {}).get("name", ""))
    return blocks


def _take(block: _Block | None, slug: str, measurement: Measurement, metric: str) -> None:
    if block is not None and not measurement.stale and measurement.scores.get(metric):
        block.values[slug] = dict(measurement.scores[metric])


def _line(arena: Arena, methods: Sequence[Method], block: _Block) -> ArenaLine:
    kept = statistics.well_measured(block.values)
    ranks = compare_ranks(kept, block.better)
    separated = 0
    if ranks and ranks.p_value <= statistics.ALPHA:
        beside = {name for group in ranks.groups if ranks.names[0] in group for name in group} | {ranks.names[0]}
        separated = len(ranks.names) - len(beside)
    return ArenaLine(arena, sum(method.arena_id == arena.slug for method in methods), len(block.values),
                     max(map(len, block.values.values()), default=0), ranks.p_value if ranks else None, separated,
                     reliability_of(block.values, block.better))


def _places(slugs: Mapping[str, str], blocks: Sequence[_Block]) -> list[Place]:
    found = []
    for block in blocks:
        slug = slugs.get(block.arena.slug)
        if slug not in block.values:
            continue
        metric, spread = block.arena.primary_metric, statistics.mean_interval(list(block.values[slug].values()))
        standing = block.standings[slug]
        places = rounding.decimals([spread.mean], [spread.half_width] if spread.half_width else [])
        text = f"{rounding.plus_minus(spread.mean, spread.low, spread.high, places)} {metric['unit']}".strip()
        found.append(Place(block.name, block.arena.slug, block.setting, text, standing.tier, standing.best_rank,
                           standing.worst_rank, len(block.values) - 1))
    return found


def _most_shared(wanted: Mapping[str, Mapping[str, str]], blocks: Sequence[_Block]) -> list[str]:
    """The methods to begin with: of all pairs of arenas, those in common that fill the most cells."""
    there = {key: {block.name for block in blocks if slugs.get(block.arena.slug) in block.values}
             for key, slugs in wanted.items()}
    best: list[str] = []
    best_size = 0
    for a, b in combinations([block.name for block in blocks], 2):
        keys = [key for key, names in there.items() if {a, b} <= names]
        size = (len(keys) - 1) * len(set.intersection(*(there[key] for key in keys))) if len(keys) > 1 else 0
        if size > best_size:
            best, best_size = keys, size
    return best


def _reading(keys: Sequence[str], wanted, blocks: Sequence[_Block], titles, kind: str) -> RankReading:
    values: dict[str, dict[str, float]] = defaultdict(dict)
    better = {}
    for block in blocks:
        for key in keys:
            if (slug := wanted[key].get(block.arena.slug)) in block.values:
                values[key][block.name] = statistics.mean_interval(list(block.values[slug].values())).mean
                better[block.name] = block.better
    return rank_reading(values, better, "nemenyi", blocks=kind, titles=titles)


def _pairs(keys: Sequence[str], wanted, blocks: Sequence[_Block], titles) -> list[PairReading]:
    """Pairs of the chosen methods with what paired seeds say in every block, Holm-corrected over a pair's blocks."""
    found = []
    for ours, theirs in list(combinations(keys, 2))[:MOST_PAIRS]:
        contrasts = {}
        for block in blocks:
            a, b = (block.values.get(wanted[key].get(block.arena.slug, "")) for key in (ours, theirs))
            d = statistics.paired_differences(a, b, block.better) if a and b else []
            if a and b and len(d) > 1:
                contrasts[block.name] = statistics.paired_test(d, exact=statistics.both_repeat(a, b))
        adjusted = statistics.holm([contrast.p_value for contrast in contrasts.values()])
        said = {name: statistics.verdict(contrast, p) for (name, contrast), p in zip(contrasts.items(), adjusted,
                                                                                    strict=True)}
        sides = [tuple(name for name, status in said.items() if status == wished) for wished in (
            statistics.CONFIRMED, statistics.REFUTED, statistics.INCONCLUSIVE)]
        if said:
            found.append(PairReading(titles[ours], titles[theirs], *sides))
    return found
