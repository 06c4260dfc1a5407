"""The claim ledger: every claim with its verdict and the evidence behind it, and the numbers that papers report.

Directional claims are tested here. Reported numbers are quoted beside them: reported, not measured, in columns of
their own, never ranked with what was measured. `Ledger` is the one object behind the page, the API and the files.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, Max, QuerySet, Sum
from django.urls import reverse

from evaluations.arithmetic import rounding
from evaluations.arithmetic.sequential import LOOKS
from evaluations.claims.on_demand import OnDemand
from evaluations.claims.record import ClaimRecord
from evaluations.claims.verdicts import (
    NOT_MEASURED,
    ClaimStanding,
    claim_list,
    claims_in_order,
    evidence_of,
    measure_terms,
    standings_by_key,
    term_measurements,
)
from evaluations.models import Claim, ReportedClaim, Verdict
from evaluations.reported.beside import reported_beside
from evaluations.reported.selectors import reported_list
from evaluations.runs.measurements import Measurement
from evaluations.runs.stamps import kept, results_stamp, stamp_of
from evaluations.tables.summaries import IN_MINIATURE, STATUSES
from evaluations.tables.table import Field
from methods.models import Arena, Method, PaperLink
from methods.selectors import links_stamp
from papers.models import Paper
from papers.parameters import MOST_LETTERS, moment_from

SCOPE = f"{IN_MINIATURE}; the verdict speaks about our measurement, not about the paper's own experiment"
TEST = (f"paired t test, two-sided, at {', '.join(map(str, LOOKS))} seeds while undecided, adjusted for the looks and "
        "by Holm over the claims of one method in one setting; counts are compared exactly")
OLDER_CODE = "older code"  # decided, but not by the present code
OUTCOMES = (*STATUSES, OLDER_CODE)
DIRECTIONAL, REPORTED = "directional", "reported"
KINDS = {DIRECTIONAL: "all that are tested here", "Beats": "better than a rival", "Matches": "as good as a rival",
         "cheaper": "as good at a lower cost", "GainGrows": "gain grows with a factor",
         "Withstands": "robust under a shift", REPORTED: "numbers papers report, not measured"}
POWERS = {"high": "80 % or more", "low": "below 80 %"}
HIGH_POWER = 0.8
AT_A_TIME = 500  # records built together for a file
SORTS = {"": "decided first", "arena": "arena and method", "newest": "newest verdict", "p": "smallest p",
         "effect": "largest effect size", "power": "most power", "seeds": "most seeds", "year": "newest paper"}


class LedgerError(ValueError):
    """The address asks for what the ledger does not have; the message says what there is instead."""


@dataclass(frozen=True)
class LedgerState:
    """What to show: the whole state of the page, its downloads and the API. Empty means all."""

    arena: str = ""
    verdict: str = ""
    kind: str = ""
    q: str = ""
    paper: int | None = None
    year: int | None = None
    power: str = ""
    sort: str = ""
    since: str = ""  # a moment: claims decided, and numbers read, then or later

    @property
    def measured_only(self) -> bool:
        """Whether the filters ask for what only a tested claim has."""
        return bool(self.power or self.verdict or (self.kind and self.kind != REPORTED))

    @property
    def needs_papers(self) -> bool:
        """Whether the filters or the order look at papers."""
        return bool(self.q or self.sort == "year") or self.paper is not None or self.year is not None

    def query(self, **changes) -> str:
        """The URL parameters without those that are empty; `changes` replace some."""
        state = replace(self, **changes)
        return urlencode([(f.name, getattr(state, f.name)) for f in fields(state)
                          if getattr(state, f.name) not in ("", None)])


def read_state(query: Mapping[str, str]) -> LedgerState:
    """The state an address asks for. Raises LedgerError naming what is not there."""
    text = {name: query.get(name, "").strip() for name in ("arena", "verdict", "kind", "q", "power", "sort")}
    if len(text["q"]) > MOST_LETTERS:
        raise LedgerError(f"words to look for have at most {MOST_LETTERS} letters, not {len(text['q'])}")
    known = {"verdict": OUTCOMES, "kind": tuple(KINDS), "power": tuple(POWERS), "sort": tuple(SORTS)}
    for name, choices in known.items():
        if text[name] and text[name] not in choices:
            raise LedgerError(f"there is no {name} {text[name][:MOST_LETTERS]}; "
                              f"there are {', '.join(filter(None, choices))}")
    if text["arena"] and not Arena.objects.filter(pk=text["arena"]).exists():
        raise LedgerError(f"there is no arena {text['arena'][:MOST_LETTERS]}")
    try:
        since = moment_from(query.get("since", ""))
    except ValueError as error:
        raise LedgerError(f"since: {error}") from None
    return LedgerState(**text, paper=_number(query, "paper"), year=_number(query, "year"),
                       since=since.isoformat() if since else "")


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise LedgerError(f"{name} is a whole number, not {text[:MOST_LETTERS]}")
    return int(text)


@dataclass(frozen=True)
class PaperRef:
    """A paper that a claim's method implements; `pk` is None while no digest has brought it."""

    title: str
    year: int | None
    pk: int | None = None


@dataclass(frozen=True)
class LedgerRow:
    """One directional claim."""

    standing: ClaimStanding
    papers: tuple[PaperRef, ...]

    @property
    def claim(self) -> Claim:
        return self.standing.claim

    @property
    def verdict(self) -> Verdict | None:
        return self.standing.verdict

    @property
    def outcome(self) -> str:
        return OLDER_CODE if self.standing.stale else self.standing.status

    @property
    def year(self) -> int | None:
        return year_of(self.papers)


def year_of(papers: Iterable[PaperRef]) -> int | None:
    """Of the newest one."""
    return max((paper.year for paper in papers if paper.year), default=None)


@dataclass(frozen=True)
class Ledger:
    """The claims that fit a state; what a page, the API and a file are made of.

    `counts` are of every claim that fits but for the filter by verdict; `surest` are those with a verdict, the
    smallest p first.
    """

    state: LedgerState
    rows: OnDemand[int, LedgerRow]
    counts: Mapping[str, int]
    reported: QuerySet[ReportedClaim]
    fields: tuple[Field, ...] = ()
    surest: tuple[int, ...] = ()

    @property
    def arena(self) -> str:
        return self.state.arena or "all"

    @property
    def question(self) -> str:
        return "What do the papers claim, and what became of it here?"

    @property
    def file_stem(self) -> str:
        return f"claims-{self.arena}"

    def caption(self) -> str:
        return (f"{len(self.rows)} directional claims with the verdicts of this installation, {SCOPE}. Test: {TEST}. "
                f"{self.reported_count} numbers that papers report: quoted, not measured here.")

    @cached_property
    def reported_count(self) -> int:
        return self.reported.count()

    def __len__(self) -> int:
        """Claims and reported numbers."""
        return len(self.rows) + self.reported_count

    def records(self) -> list[dict[str, Any]]:
        """One flat dictionary per claim, full precision; the keys are `fields`."""
        return self._records

    @cached_property
    def _records(self) -> list[dict[str, Any]]:
        return list(self.stream())

    def part(self, first: int, count: int) -> list[dict[str, Any]]:
        """So many of the records, from the `first`; no others are built."""
        here = len(self.rows)
        rows = [ledger_record(row) for row in self.rows[first:first + count]]
        return rows + [reported_row(claim) for claim in
                       self.reported[max(0, first - here):max(0, first + count - here)]]

    def stream(self) -> Iterator[dict[str, Any]]:
        """The records, some at a time in memory."""
        for first in range(0, len(self.rows), AT_A_TIME):
            yield from (ledger_record(row) for row in self.rows[first:first + AT_A_TIME])
        yield from map(reported_row, self.reported.iterator(chunk_size=AT_A_TIME))

    @cached_property
    def digest(self) -> str:
        """A hash of every claim, number and verdict, whatever their order."""
        lines = sorted(json.dumps(record, sort_keys=True) for record in self.records())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


FIELDS = tuple(Field(name, title, type_) for name, title, type_ in (
    ("source", "directional or reported", str), ("id", "Claim", int), ("arena", "Arena", str),
    ("method", "Method", str), ("title", "Title of the method", str), ("papers", "Papers", str),
    ("paper_ids", "Papers' numbers here", str), ("year", "Year", int), ("kind", "Kind", str),
    ("sentence", "In a sentence", str), ("claim", "Claim in words", str),
    ("rival", "Rival", str), ("metric", "Metric", str), ("unit", "Unit", str),
    ("setting", "Setting", str), ("status", "Verdict", str), ("stale", "By older code", bool),
    ("scale", "Scale", str), ("n", "Paired seeds", int), ("look", "Look", int),
    ("looks", "Looks there are", int), ("difference", "Paired difference", float),
    ("low", "95 % low", float), ("high", "95 % high", float), ("test", "Test", str),
    ("p_value", "p (looks, Holm)", float), ("effect_size", "Effect size (d_z, Hedges)", float),
    ("power", "Power", float), ("seeds_needed", "Further seeds needed", int),
    ("family", "Claims corrected together", int), ("collapsed", "Collapsed seeds", str),
    ("cost", "Cost", str), ("cost_recorded", "Cost as recorded", str),
    ("cost_unit", "Unit of the cost", str), ("cost_n", "Paired seeds of the cost", int),
    ("cost_difference", "Saved against the rival", float), ("cost_low", "Saved: 95 % low", float),
    ("cost_high", "Saved: 95 % high", float), ("cost_p_value", "Saved: p", float),
    ("decided_at", "Decided", str), ("scope", "What the verdict speaks about", str),
    ("reported_value", "Reported value (not measured)", float), ("reported_unit", "Reported unit", str),
    ("reported_metric", "Reported metric", str), ("reported_dataset", "Reported dataset", str),
    ("reported_versus", "Reported against", str), ("quote", "Quote from the abstract", str),
    ("reading", "State of the reading", str)))
NOTHING = dict.fromkeys((f.name for f in FIELDS), None)


def ledger_record(row: LedgerRow) -> dict[str, Any]:
    """A directional claim as plain flat data, for pages, files and the API."""
    record = ClaimRecord.of(row.standing).data()
    cost = record.pop("cost") or {}
    sides = record.pop("sides") or []
    claim = row.claim
    return NOTHING | record | {
        "source": DIRECTIONAL, "title": claim.method.title, "papers": "; ".join(p.title for p in row.papers) or None,
        "paper_ids": "; ".join(str(p.pk) for p in row.papers if p.pk) or None, "year": row.year,
        "unit": _unit(claim), "test": TEST if row.verdict else None, "cost": claim.cost or None,
        "collapsed": "; ".join(f"{side['method']}: {len(side['collapsed'])}" for side in sides if side["collapsed"])
        or None,
        **{f"cost_{name}": cost.get(name) for name in ("recorded", "unit", "n", "difference", "low", "high",
                                                       "p_value")},
        "scope": SCOPE}


def reported_row(claim: ReportedClaim) -> dict[str, Any]:
    """A number that a paper reports as a row of the same columns, none of them a measurement."""
    return NOTHING | {
        "source": REPORTED, "id": claim.pk, "papers": claim.paper.title, "paper_ids": str(claim.paper_id),
        "year": claim.paper.year, "kind": REPORTED, "status": "reported, not measured",
        "reported_value": claim.value, "reported_unit": claim.unit or None, "reported_metric": claim.metric or None,
        "reported_dataset": claim.dataset or None, "reported_versus": claim.versus or None, "quote": claim.quote,
        "reading": claim.status}


def _unit(claim: Claim) -> str | None:
    return next((m["unit"] for m in claim.method.arena.metrics if m["name"] == claim.metric), "") or None


@dataclass(frozen=True)
class Outline:
    """As much of a directional claim as choosing and ordering take."""

    claim: int
    words: str
    verdict: Latest | None
    papers: Sequence[PaperRef]

    @property
    def outcome(self) -> str:
        if self.verdict is None:
            return NOT_MEASURED
        return self.verdict.status if self.verdict.current else OLDER_CODE


class Latest(NamedTuple):
    """What the ledger chooses and orders a claim's last verdict by."""

    status: str
    current: bool
    p_value: float
    effect_size: float | None
    power: float | None
    n: int
    decided_at: datetime


def ledger(state: LedgerState) -> Ledger:
    """The claims that fit; two queries, two more where papers matter, and more for the rows that are looked at."""
    outlines = [] if state.kind == REPORTED else [o for o in _outlines(state) if _fits(o, state)]
    counts = Counter(outline.outcome for outline in outlines)
    if state.verdict:
        outlines = [outline for outline in outlines if outline.outcome == state.verdict]
    surest = sorted((o.verdict.p_value, o.claim) for o in outlines if o.verdict)
    return Ledger(state, OnDemand([o.claim for o in _sorted(outlines, state.sort)], _rows),
                  {outcome: counts[outcome] for outcome in OUTCOMES}, _reported(state), FIELDS,
                  tuple(claim for _, claim in surest))


def _outlines(state: LedgerState) -> list[Outline]:
    """Every claim of the arena and kind asked for, in the order of arenas and methods."""
    by_method = _papers_by_method() if state.needs_papers else {}
    stamp = results_stamp(state.arena)
    asked = state.kind if state.kind != DIRECTIONAL else ""
    found = kept(f"outlines-{state.arena}-{asked}", stamp, lambda: _claims_outlined(state.arena, asked))
    return [Outline(pk, words, verdict, by_method.get(method, ())) for pk, method, words, verdict in found]


def _claims_outlined(arena: str, kind: str) -> list[tuple[int, int, str, Latest | None]]:
    """Claim, method, words and last verdict."""
    claims = claims_in_order()
    verdicts = Verdict.objects.filter(scale="full").order_by("current", "decided_at", "pk")
    if arena:
        claims = claims.filter(method__arena=arena)
        verdicts = verdicts.filter(claim__method__arena=arena)
    if kind == "cheaper":
        claims = claims.exclude(cost="")
    elif kind:
        claims = claims.filter(kind=kind)
    newest = {claim: Latest(*values) for claim, *values in verdicts.values_list("claim", *Latest._fields)}
    titles = {(arena, slug): title for arena, slug, title in Method.objects.values_list("arena", "slug", "title")}
    return [(pk, method, f"{title} {sentence} {titles.get((of, rival), '')}".lower(), newest.get(pk))
            for pk, method, title, sentence, of, rival in claims.values_list(
                "pk", "method", "method__title", "sentence", "method__arena", "rival")]


def _papers_stamp() -> str:
    """Changes with what methods implement, and with the papers."""
    return stamp_of(links_stamp(), Paper.objects.aggregate(Max("updated_at")),
                    Method.objects.filter(present=True).aggregate(Count("pk"), Max("pk"), Sum("year")))


def _papers_by_method() -> dict[int, tuple[PaperRef, ...]]:
    return kept("papers-by-method", stamp_of(_papers_stamp(), results_stamp()), _all_papers_by_method)


def _all_papers_by_method() -> dict[int, tuple[PaperRef, ...]]:
    methods = Method.objects.filter(present=True).only("papers")
    linked = papers_of(method.pk for method in methods)
    return {method.pk: _refs(method, linked[method.pk]) for method in methods}


def _rows(claims: Sequence[int]) -> list[LedgerRow]:
    """Four queries for the claims with where they stand, one for their papers."""
    standings = standings_by_key(claims)
    papers = papers_of({s.claim.method_id for s in standings})
    return [LedgerRow(s, _refs(s.claim.method, papers[s.claim.method_id])) for s in standings]


def standings_to_draw(found: Ledger, most: int) -> list[ClaimStanding]:
    """The claims with the smallest p, `most` of them, and those without a verdict as far as there is room."""
    rest = [pk for pk in found.rows.keys if pk not in set(found.surest)]
    return [row.standing for row in _rows([*found.surest, *rest][:most])]


def papers_of(methods: Iterable[int]) -> dict[int, list[PaperRef]]:
    """The papers that methods implement, by method."""
    found = defaultdict(list)
    links = PaperLink.objects.filter(method__in=list(methods), kind=PaperLink.IMPLEMENTS).exclude(
        state=PaperLink.REJECTED).order_by("paper__title")
    for method, pk, title, year in links.values_list("method", "paper", "paper__title", "paper__year"):
        found[method].append(PaperRef(title, year, pk))
    return found


def _refs(method: Method, linked: Sequence[PaperRef]) -> tuple[PaperRef, ...]:
    """The linked papers, else those the card names."""
    return tuple(linked) or tuple(PaperRef(paper["title"], paper["year"]) for paper in method.papers)


def _fits(outline: Outline, state: LedgerState) -> bool:
    verdict = outline.verdict
    if state.paper is not None and state.paper not in {paper.pk for paper in outline.papers}:
        return False
    if state.year is not None and state.year not in {paper.year for paper in outline.papers}:
        return False
    if state.since and (verdict is None or verdict.decided_at < datetime.fromisoformat(state.since)):
        return False
    if state.power and (verdict is None or verdict.power is None
                        or (verdict.power >= HIGH_POWER) != (state.power == "high")):
        return False
    words = " ".join([outline.words, *(paper.title.lower() for paper in outline.papers)])
    return all(word in words for word in state.q.lower().split())


def _sorted(outlines: list[Outline], sort: str) -> list[Outline]:
    """Those without the value come last, in their old order."""
    if sort == "arena":
        return outlines
    key = {"": lambda o: o.verdict and (o.verdict.status != Verdict.INCONCLUSIVE),
           "newest": lambda o: o.verdict and o.verdict.decided_at.timestamp(), "year": lambda o: year_of(o.papers),
           "p": lambda o: o.verdict and -o.verdict.p_value, "power": lambda o: o.verdict and o.verdict.power,
           "effect": lambda o: o.verdict and o.verdict.effect_size, "seeds": lambda o: o.verdict and o.verdict.n}[sort]
    return sorted((o for o in outlines if key(o) is not None), key=key, reverse=True) + \
        [o for o in outlines if key(o) is None]


def _reported(state: LedgerState) -> QuerySet[ReportedClaim]:
    """Numbers of the papers that fit, but for those a person rejected; none under a filter by measurement."""
    rows = reported_list().exclude(status=ReportedClaim.REJECTED)
    if state.measured_only:
        return rows.none()
    if state.arena:
        links = PaperLink.objects.filter(method__arena=state.arena, kind=PaperLink.IMPLEMENTS).exclude(
            state=PaperLink.REJECTED)
        rows = rows.filter(paper__in=links.values("paper"))
    if state.paper is not None:
        rows = rows.filter(paper=state.paper)
    if state.year is not None:
        rows = rows.filter(paper__year=state.year)
    if state.since:
        rows = rows.filter(created_at__gte=state.since)
    for word in state.q.split():
        rows = rows.filter(paper__title__icontains=word)
    return rows


@dataclass(frozen=True)
class Choices:
    """What the ledger offers to filter by: (value, label) pairs."""

    arenas: list[tuple[str, str]]
    years: list[int]
    paper: Paper | None


def choices(state: LedgerState) -> Choices:
    return Choices(list(Arena.objects.filter(present=True).values_list("slug", "title")),
                   kept("ledger-years", _papers_stamp(), _years),
                   Paper.objects.filter(pk=state.paper).first() if state.paper else None)


def _years() -> list[int]:
    linked = PaperLink.objects.filter(kind=PaperLink.IMPLEMENTS, method__present=True).order_by()
    stated = {*linked.values_list("paper__year", flat=True).distinct(),
              *Method.objects.filter(present=True).order_by().values_list("year", flat=True).distinct()}
    return sorted((year for year in stated if year), reverse=True)


@dataclass(frozen=True)
class TermEvidence:
    """One term of a claim and what was measured of it."""

    term: dict
    method: Method | None
    measured: Measurement | None

    @property
    def sign(self) -> str:
        return "+" if self.term["weight"] > 0 else "−"

    @property
    def machines(self) -> list[str]:
        return sorted(self.measured.machines) if self.measured else []

    @property
    def changed(self) -> bool:
        """Whether the scores are those of older code."""
        return bool(self.measured and self.measured.stale)


@dataclass(frozen=True)
class SeedLine:
    """One seed: the score and run of each term, the difference (with the margin), and what was saved."""

    seed: int
    scores: tuple[tuple[float | None, int | None], ...]
    difference: float | None
    saved: float | None


@dataclass(frozen=True)
class Turn:
    """A verdict and what it was before."""

    verdict: Verdict
    before: str

    @property
    def flipped(self) -> bool:
        return self.before != self.verdict.status


@dataclass(frozen=True)
class ClaimPage:
    """Everything behind one claim."""

    row: LedgerRow
    terms: tuple[TermEvidence, ...]
    seeds: tuple[SeedLine, ...]
    history: tuple[Turn, ...]
    reported: tuple[ReportedClaim, ...]

    @property
    def places(self) -> int:
        """Decimals of the scores by seed."""
        return rounding.decimals([score for line in self.seeds for score, _ in line.scores if score is not None]) + 1


def claim_page(claim: Claim, *, scale: str = "full") -> ClaimPage:
    """A claim with its evidence, the newest code's where there is any, else the last of older code."""
    [standing] = [s for s in claim_list(methods=[claim.method], scale=scale) if s.claim.pk == claim.pk]
    slugs = {term["method"] or claim.method.slug for term in claim.terms}
    methods = {m.slug: m for m in Method.objects.filter(arena=claim.method.arena_id, slug__in=slugs).only(
        "slug", "title", "code_digest", "digests", "present", "arena_id")}
    found = measure_terms([standing.claim], methods, scale)
    measured = term_measurements(standing.claim, methods, found, stale=True)
    terms = tuple(TermEvidence(term, methods.get(term["method"] or claim.method.slug), of)
                  for term, of in zip(claim.terms, measured, strict=True))
    row = LedgerRow(standing, _refs(claim.method, papers_of([claim.method_id])[claim.method_id]))
    pks = [paper.pk for paper in row.papers if paper.pk]
    reported = ReportedClaim.objects.filter(paper__in=pks, kind=ReportedClaim.RESULT).exclude(
        status=ReportedClaim.REJECTED).select_related("paper")
    return ClaimPage(row, terms, _seed_lines(standing.claim, terms), turns(claim, scale=scale), tuple(reported))


def _seed_lines(claim: Claim, terms: Sequence[TermEvidence]) -> tuple[SeedLine, ...]:
    measured = [of.measured for of in terms]
    evidence = evidence_of(claim, measured)
    saved = evidence.cost.by_seed if evidence.cost else {}
    scores = [of.measured.scores.get(of.term["metric"], {}) if of.measured else {} for of in terms]
    runs = [of.measured.runs if of.measured else {} for of in terms]
    return tuple(SeedLine(seed, tuple((by.get(seed), run.get(seed)) for by, run in zip(scores, runs, strict=True)),
                          evidence.by_seed.get(seed), saved.get(seed))
                 for seed in sorted(set().union(*scores)))


def turns(claim: Claim, *, scale: str = "full") -> tuple[Turn, ...]:
    """The claim's verdicts, newest first, each with what stood before it."""
    rows = list(claim.verdicts.filter(scale=scale).order_by("decided_at", "pk"))
    before = [NOT_MEASURED, *(row.status for row in rows)]
    return tuple(Turn(row, old) for row, old in zip(rows, before, strict=False))[::-1]


def evidence_record(page: ClaimPage) -> dict[str, Any]:
    """Everything behind one claim as plain data."""
    return ledger_record(page.row) | {
        "address": reverse("claim_detail", args=[page.row.claim.pk]), "margin": page.row.claim.margin,
        "terms": [{**of.term, "method": of.method.slug if of.method else of.term["method"],
                   "code_digest": of.measured.code_digest if of.measured else None, "older_code": of.changed,
                   "machines": of.machines, "origins": sorted(of.measured.origins) if of.measured else [],
                   "runs": {str(seed): run for seed, run in sorted(of.measured.runs.items())} if of.measured else {},
                   "scores": {str(s): v for s, v in sorted(of.measured.scores.get(of.term["metric"], {}).items())}
                   if of.measured else {}} for of in page.terms],
        "differences": {str(line.seed): line.difference for line in page.seeds if line.difference is not None},
        "saved": {str(line.seed): line.saved for line in page.seeds if line.saved is not None},
        "history": [turn_record(turn) for turn in page.history],
        "reported": [reported_row(claim) for claim in page.reported],
        "beside": [of for of in reported_beside([page.row.claim.method_id]).get(page.row.claim.method_id, ())
                   if of["metric"] == page.row.claim.metric]}


def turn_record(turn: Turn) -> dict[str, Any]:
    verdict = turn.verdict
    return {"before": turn.before, "status": verdict.status, "current": verdict.current, "n": verdict.n,
            "difference": verdict.difference, "low": verdict.low, "high": verdict.high, "p_value": verdict.p_value,
            "decided_at": _text(verdict.decided_at)}


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
