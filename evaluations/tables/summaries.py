"""What the results say, in plain words and small figures: for arenas, papers and methods."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluations.arithmetic import rounding, statistics
from evaluations.arithmetic.reliability import reliability_of
from evaluations.arithmetic.sequential import LOOKS
from evaluations.arithmetic.statistics import Pairs
from evaluations.claims.verdicts import NOT_MEASURED, ClaimStanding, claim_list, statuses_by_arena
from evaluations.models import Run, Verdict
from evaluations.runs.measurements import measure
from evaluations.runs.stamps import kept, results_stamp
from evaluations.tables.build import build_settings_table, build_table
from evaluations.tables.table import Cell, Column, Row, Table
from methods.models import Arena, Method, PaperLink
from papers.models import Paper

IN_MINIATURE = "in this miniature, on this data, at this budget"
STATUSES = (*Verdict.STATUSES, NOT_MEASURED)
NAMED = 4
NEARLY = 0.02  # counts that differ by less are equal


@dataclass(frozen=True)
class ArenaCard:
    """An arena in a list. `best` are the titles of the first tier of its main table."""

    arena: Arena
    methods: int
    measured: int
    best: tuple[str, ...]
    seeds: int
    verdicts: Mapping[str, int]
    active: int

    @property
    def share(self) -> float:
        return self.measured / self.methods if self.methods else 0.0

    @property
    def named(self) -> tuple[str, ...]:
        return self.best[:NAMED]

    @property
    def others(self) -> int:
        return len(self.best) - len(self.named)


def arena_cards() -> list[ArenaCard]:
    """Every present arena with its main table's state; seven queries however many there are."""
    arenas = list(Arena.objects.filter(present=True).defer("source_code", "explanation"))
    methods = defaultdict(list)
    for method in Method.objects.filter(present=True).only("slug", "title", "arena_id", "code_digest", "digests"):
        methods[method.arena_id].append(method)
    primary = {arena.slug: arena.primary_metric for arena in arenas}
    main = {arena.slug: arena.settings[0]["name"] for arena in arenas}
    found, _ = measure([m for of in methods.values() for m in of], settings=set(main.values()), scale="full",
                       metrics={metric["name"] for metric in primary.values()}, costs=False)
    counts = statuses_by_arena()
    active = Counter(Run.objects.filter(state__in=Run.ACTIVE).values_list("method__arena", flat=True))
    cards = []
    for arena in arenas:
        name = primary[arena.slug]["name"]
        measured = {m: found[m.pk, main[arena.slug]] for m in methods[arena.slug]
                    if (m.pk, main[arena.slug]) in found and name in found[m.pk, main[arena.slug]].scores}
        present = {m.title: of.scores[name] for m, of in measured.items() if not of.stale}
        standings = statistics.tiers(present, primary[arena.slug]["better"])
        cards.append(ArenaCard(
            arena, len(methods[arena.slug]), len(measured), tuple(t for t, s in standings.items() if s.tier == 1),
            max((len(scores) for scores in present.values()), default=0),
            {status: counts[arena.slug][status] for status in STATUSES}, active[arena.slug]))
    return cards


def findings(table: Table, claims: Sequence[ClaimStanding]) -> list[str]:
    """What the table says today, one plain sentence each."""
    column = table.primary
    cells = [(row, row.cells[column.key]) for row in table.rows if column.key in row.cells]
    present = [(row, cell) for row, cell in cells if not cell.stale]
    if not cells:
        return []
    said = [_top_tier(table, column, present)] if present else []
    said += _resolution(table, column, present)
    baseline = next((cell for row, cell in present if row.method == table.against), None)
    contrasts = [(c.difference.mean, c.difference.p_value) for _, c in present
                 if c.difference and c.difference.p_value is not None]
    if baseline and contrasts:
        sign = -1 if column.better == "lower" else 1
        sure = [sign * mean > 0 for mean, p in contrasts if p <= statistics.ALPHA]
        named = "the baseline, " * (table.against == table.baseline) + _title(table, table.against)
        said.append(f"Against {named} at {_amount(baseline, column)}, "
                    f"{_count(sum(sure), 'method')} {_is(sum(sure))} better and {len(sure) - sum(sure)} worse beyond "
                    f"doubt; {len(contrasts) - len(sure)} cannot be told from it.")
    said += _claims_in_words(claims)
    if len(present) > 1:
        said.append(reliability_of(table.values(column.key), column.better).sentence)
    stale, idle = len(cells) - len(present), len(table.rows) - len(cells)
    if stale:
        said.append(f"{_count(stale, 'method')} {_is(stale)} shown with scores of older code, outside the tiers.")
    if idle:
        said.append(f"{_count(idle, 'method')} {_is(idle)} not measured here yet.")
    return said


def _top_tier(table: Table, column: Column, present: Sequence[tuple[Row, Cell]]) -> str:
    seeds = sorted({cell.n for _, cell in present})
    over = f"{seeds[0]} to {seeds[-1]} seeds" if len(seeds) > 1 else _count(seeds[0], "seed")
    among = f"Among {_count(len(present), 'method')} at {over}"
    top = sorted(((row, cell) for row, cell in present if cell.tier == 1), key=lambda pair: pair[1].mean,
                 reverse=column.better != "lower")
    if seeds[-1] == 1:
        return f"{among}, nothing can be separated: an interval needs at least two seeds."
    if not top:
        return f"{among}, no two share enough seeds to be compared."
    if len(top) == len(present) > 1:
        return f"{among}, the data cannot separate any two from the best by {column.subject}."
    names = [f"{row.title} ({_amount(cell, column)})" for row, cell in top]
    if len(names) == 1:
        return f"{among}, {names[0]} is best by {column.subject}, alone in the top tier."
    shown = names[:NAMED] + [f"{len(names) - NAMED} more"] * (len(names) > NAMED)
    return f"{among}, {_joined(shown)} share the top tier by {column.subject}."


def _resolution(table: Table, column: Column, present: Sequence[tuple[Row, Cell]]) -> list[str]:
    """Where half of the methods or more share the top tier: how fine a difference the data could show at all."""
    top = sum(cell.tier == 1 for _, cell in present)
    gap = statistics.smallest_separable(table.values(column.key)) if 1 < len(present) <= 2 * top else None
    if not gap:
        return []
    unit = f" {column.unit}" if column.unit else ""
    return [f"With these seeds and {_count(len(present), 'method')}, two typical methods must differ by about "
            f"{rounding.number(gap, column.decimals)}{unit} to be told apart; more seeds, or fewer methods on screen, "
            "sharpen that."]


def _claims_in_words(claims: Sequence[ClaimStanding]) -> list[str]:
    if not claims:
        return []
    counts = Counter(standing.status for standing in claims)
    parts = [f"{counts[status]} {_is(counts[status])} {status}" for status in STATUSES if counts[status]]
    return [f"Of {_count(len(claims), 'claim')} made by the papers, {_joined(parts)}: {IN_MINIATURE}."]


def evidence_in_words(standing: ClaimStanding) -> str:
    """Difference, interval, seeds, test, effect size, power, and what would decide an open claim."""
    verdict = standing.decided
    places = rounding.decimals([verdict.difference], [(verdict.high - verdict.low) / 2])
    low, high = rounding.number(verdict.low, places, signed=True), rounding.number(verdict.high, places, signed=True)
    metric = standing.claim.method.arena.metric(standing.claim.metric)
    unit = f" {metric['unit']}" if metric["unit"] else ""
    corrected = f" after Holm over {_count(verdict.family, 'claim')}" if verdict.family > 1 else ""
    difference = f"difference {rounding.number(verdict.difference, places, signed=True)}{unit}"
    counted = verdict.p_value == 0 and verdict.effect_size is None
    parts = [f"{difference}, the same at each of {_count(verdict.n, 'seed')}: counted, not estimated" if counted else
             f"paired {difference} (95 % interval {low} to {high}) over {_count(verdict.n, 'seed')}, "
             f"{p_in_words(verdict.p_value)}{corrected}"]
    if standing.claim.margin:
        parts[0] += f", counted from the margin of {abs(standing.claim.margin):g}"
    if verdict.cost:
        parts.append(cost_in_words(verdict))
    if verdict.effect_size is not None:
        power = "" if verdict.power is None else f", power {verdict.power:.0%}"
        parts.append(f"effect size {verdict.effect_size:.2f}{power}")
    titles = {standing.claim.method.slug: standing.claim.method.title, standing.claim.rival: standing.claim.rival_title}
    parts += sides_in_words(verdict.sides, verdict.n, titles)
    if not counted:
        parts.append(look_in_words(verdict))
    if verdict.status == Verdict.INCONCLUSIVE:
        if verdict.low > 0 or verdict.high < 0:
            parts.append("the interval alone excludes zero, but not after allowing for further looks and the method's "
                         "other claims here")
        parts.append(f"{_count(verdict.seeds_needed, 'more seed')} may decide it" if verdict.seeds_needed else
                     f"no feasible number of seeds, {LOOKS[-1]} at most, would decide it" if verdict.effect_size else
                     "every seed gives the same")
    return "; ".join(parts) + "."


def look_in_words(verdict: Verdict) -> str:
    """Which look of the sequential rule the numbers are of."""
    if not verdict.look:
        return f"a foretaste of the first look, which takes {LOOKS[0]} seeds"
    done = "undecided" if verdict.status == Verdict.INCONCLUSIVE else "decided"
    return f"{done} at look {verdict.look} of {len(LOOKS)}"


def sides_in_words(sides: Sequence[Mapping[str, Any]], n: int, titles: Mapping[str, str]) -> list[str]:
    """Collapsed seeds; and, where two methods did not spend alike, at equal what they were compared."""
    said = [f"{len(side['collapsed'])} of {_count(n, 'seed')} of {titles.get(side['method'], side['method'])} "
            "collapsed to chance level" for side in sides if side["collapsed"]]
    if len(sides) == 2 and sides[0]["method"] != sides[1]["method"]:
        ours, theirs = sides
        unequal = [name for name in ("steps", "gradients") if name in ours and name in theirs
                   and abs(ours[name] - theirs[name]) > NEARLY * max(ours[name], theirs[name])]
        equal = [name for name in ("steps", "gradients") if name in ours and name in theirs and name not in unequal]
        if unequal:
            counts = " and ".join(f"{ours[name]:.0f} against {theirs[name]:.0f} {name}" for name in unequal)
            said.append(f"compared at equal {equal[0]}, with {counts}" if equal else f"compared with {counts}")
    return said


def p_in_words(p: float | None) -> str:
    return "no p" if p is None else "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def cost_in_words(verdict: Verdict) -> str:
    """The cost half of a verdict: how much less it spends than its rival."""
    cost = verdict.cost or {"cost": "", "recorded": ""}
    if not cost["recorded"]:
        return f"its cost, {cost['cost']}, is recorded by no run, so the claim can be refuted but not confirmed"
    if cost["p_value"] is None:
        return f"its cost, {cost['cost']}, was not measured on one machine at two common seeds"
    places = rounding.decimals([cost["difference"]], [(cost["high"] - cost["low"]) / 2])
    low, high, saved = (rounding.number(cost[name], places, signed=True) for name in ("low", "high", "difference"))
    unit = f" {cost['unit']}" if cost["unit"] else ""
    return f"saved in {cost['cost']} {saved}{unit} " + (
        "at every seed" if cost["low"] == cost["high"] else
        f"(95 % interval {low} to {high}) over {_count(cost['n'], 'seed')}, {p_in_words(cost['p_value'])}")


@dataclass(frozen=True)
class MeasuredCell:
    """A method's place in one setting of its arena."""

    setting: str
    column: Column
    cell: Cell
    text: str
    rivals: int
    beats: tuple[str, ...] = ()
    loses_to: tuple[str, ...] = ()
    difference: str = ""

    @property
    def level(self) -> int:
        """How many measured rivals it cannot be told from."""
        return self.rivals - len(self.beats) - len(self.loses_to)


@dataclass(frozen=True)
class PaperResult:
    """What was measured of one method linked to a paper."""

    link: PaperLink
    method: Method
    claims: tuple[ClaimStanding, ...]
    cell: MeasuredCell | None


def paper_results(paper: Paper) -> list[PaperResult]:
    """The methods that run the paper, with their verdicts and their place in the main table of their arena."""
    links = list(PaperLink.objects.shown().implementing().filter(paper=paper, method__present=True).select_related(
        "method__arena").defer("method__source_code", "method__explanation", "method__arena__source_code"))
    claims = defaultdict(list)
    for standing in claim_list(methods=[link.method_id for link in links]):
        claims[standing.claim.method_id].append(standing)
    places = {arena.slug: _main_places(arena) for arena in {link.method.arena for link in links}}
    return [PaperResult(link, link.method, tuple(claims[link.method_id]),
                        places[link.method.arena_id].of(link.method.slug)) for link in links]


@dataclass(frozen=True)
class Leader:
    """A row of a small table."""

    slug: str
    title: str
    text: str
    tier: int | None
    seeds: int
    baseline: bool


@dataclass(frozen=True)
class Leaders:
    """The top of an arena's main table, and its baseline; `measured` counts all of its rows."""

    arena: Arena
    column: Column
    rows: tuple[Leader, ...]
    measured: int


def leaders(arena: Arena, count: int = 4) -> Leaders | None:
    """None where nothing is measured."""
    places = _main_places(arena)
    present = {slug: cell for slug, cell in places.cells.items() if not cell.stale}
    best = sorted(present, key=lambda slug: present[slug].mean, reverse=places.column.better != "lower")
    shown = [slug for place, slug in enumerate(best) if place < count or slug == arena.baseline]
    rows = tuple(Leader(slug, places.titles[slug], _amount(present[slug], places.column), present[slug].tier,
                        present[slug].n, slug == arena.baseline) for slug in shown)
    return Leaders(arena, places.column, rows, len(present)) if rows else None


def method_results(method: Method) -> tuple[list[MeasuredCell], list[ClaimStanding]]:
    """Where a method wins and loses: its place in every setting, against every rival; and its claims."""
    cells = [places.of(method.slug) for places in _places_by_setting(method.arena)]
    return [cell for cell in cells if cell], claim_list(methods=[method])


@dataclass(frozen=True, eq=False)
class Places:
    """Where every method of an arena stands in one column: enough for one method's row without the whole table."""

    column: Column
    cells: Mapping[str, Cell]
    titles: Mapping[str, str]
    pairs: Pairs | None  # of the present code; None where it has measured nothing

    def of(self, slug: str) -> MeasuredCell | None:
        """One method's place; None when it is not measured."""
        cell, column = self.cells.get(slug), self.column
        if cell is None:
            return None
        rivals = set(self.pairs.names if self.pairs else ()) - {slug}
        beats, loses_to = self.pairs.around(slug) if self.pairs and not cell.stale else ((), ())
        d = cell.difference
        against = rounding.plus_minus(d.mean, d.low, d.high, column.decimals, signed=True) if d else ""
        return MeasuredCell(column.setting, column, cell, _amount(cell, column), len(rivals),
                            tuple(self.titles[name] for name in beats),
                            tuple(self.titles[name] for name in loses_to), against)


def _main_places(arena: Arena) -> Places:
    """In the main table; kept while the arena's results are as they are, as tiers take all pairs of methods."""
    return kept(f"places-{arena.pk}", results_stamp(arena.pk), lambda: _places(build_table(
        arena, metrics=[arena.primary_metric["name"]])))[0]


def _places_by_setting(arena: Arena) -> list[Places]:
    return kept(f"places-by-setting-{arena.pk}", results_stamp(arena.pk),
                lambda: _places(build_settings_table(arena)))


def _places(table: Table) -> list[Places]:
    titles = {row.method: row.title for row in table.rows}
    places = []
    for column in table.metrics:
        values = table.values(column.key)
        places.append(Places(column, {row.method: row.cells[column.key] for row in table.rows
                                      if column.key in row.cells}, titles,
                             statistics.compare_pairs(values, column.better) if values else None))
    return places


def _amount(cell: Cell, column: Column) -> str:
    unit = f" {column.unit}" if column.unit else ""
    return rounding.plus_minus(cell.mean, cell.low, cell.high, column.decimals) + unit


def _title(table: Table, slug: str) -> str:
    return next(row.title for row in table.rows if row.method == slug)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
