"""What is worth measuring next: the seeds that would decide an open claim, how much that tells, how long it takes.

A claim is open when its verdict is inconclusive and the rule by which seeds are added (`arithmetic/sequential.py`) may
still decide it, when it has not come to its first look, or when the present code has not measured it. The seeds
proposed are those up to the next look. Expected information is in bits: the entropy of whether the claim holds, as far
as the measurements tell, times the chance that the proposed seeds decide it. Times are those that runs recorded.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, groupby, islice

from django.db.models import Avg, Count, QuerySet
from django.utils import timezone

from evaluations.arithmetic import sequential
from evaluations.claims.expectations import chance_at, entropy, probability
from evaluations.claims.on_demand import OnDemand
from evaluations.claims.verdicts import ClaimStanding, claim_list, cost_name, standings_by_key
from evaluations.models import Run, Verdict, Worker
from evaluations.runs.measurements import COSTS
from evaluations.runs.requests import Question, questions_of, requested
from evaluations.runs.services import LOST_AFTER
from evaluations.runs.stamps import kept, results_stamp
from methods.kit.method import COSTS as COST_NAMES
from methods.models import Arena, Method

SEEDS = sequential.LOOKS[0]  # proposed for a claim that nothing is known of


@dataclass(frozen=True)
class Work:
    """Runs that some questions lack: those neither measured nor queued, those on the way, and the time of the first.

    `rough` times stand on other methods' runs or on the time limit.
    """

    missing: int
    active: int
    seconds: float
    rough: bool


@dataclass(frozen=True)
class Outlook:
    """What is to be expected of measuring one open claim further; the claim by its primary key.

    `seeds` are those to add, which make `look` of them; `chance` is that of a decision, `entropy` that of whether the
    claim holds.
    """

    claim: int
    look: int
    seeds: tuple[int, ...]
    work: Work
    chance: float
    entropy: float

    @property
    def information(self) -> float:
        return self.chance * self.entropy

    @property
    def rate(self) -> float:
        """Expected bits per second of computing; 0 when nothing is left to queue."""
        return self.information / self.work.seconds if self.work.missing else 0.0


@dataclass(frozen=True)
class Proposal:
    """An open claim with the runs up to its next look, `slots` of them at a time."""

    standing: ClaimStanding
    outlook: Outlook
    slots: int

    @property
    def seeds(self) -> tuple[int, ...]:
        return self.outlook.seeds

    @property
    def missing(self) -> int:
        return self.outlook.work.missing

    @property
    def active(self) -> int:
        return self.outlook.work.active

    @property
    def seconds(self) -> float:
        return self.outlook.work.seconds

    @property
    def rough(self) -> bool:
        return self.outlook.work.rough

    @property
    def chance(self) -> float:
        return self.outlook.chance

    @property
    def entropy(self) -> float:
        return self.outlook.entropy

    @property
    def information(self) -> float:
        return self.outlook.information

    @property
    def rate(self) -> float:
        return self.outlook.rate

    @property
    def wall_seconds(self) -> float:
        return self.seconds / self.slots

    @property
    def target(self) -> str:
        return f"claim:{self.outlook.claim}"

    @property
    def seeds_text(self) -> str:
        return ",".join(f"{first}-{last}" for first, last in _spans(self.seeds))


@dataclass(frozen=True)
class OpenQuestions:
    """The proposals, the most telling per second first; those under way; and claims no button can decide. `ranked` is
    what the proposals are made of."""

    ranked: Sequence[Outlook]
    proposals: Sequence[Proposal]
    under_way: Sequence[Proposal]
    out_of_reach: Sequence[ClaimStanding]


def open_questions(*, arena: Arena | None = None, scale: str = "full") -> OpenQuestions:
    """Every open claim, ranked; a fixed number of queries. Each is fetched when it is looked at."""
    stamp = results_stamp(arena.pk if arena else "")
    outlooks, out_of_reach = kept(f"open-questions-{arena.pk if arena else ''}-{scale}", stamp,
                                  lambda: _ranked(arena, scale))
    slots = worker_slots()

    def build(keys: Sequence[Outlook]) -> list[Proposal]:
        standings = standings_by_key([outlook.claim for outlook in keys], scale=scale)
        return [Proposal(standing, outlook, slots) for standing, outlook in zip(standings, keys, strict=True)]

    lacking_runs = [o for o in outlooks if o.work.missing]
    return OpenQuestions(lacking_runs, OnDemand(lacking_runs, build),
                         OnDemand([o for o in outlooks if not o.work.missing and o.work.active], build),
                         OnDemand(out_of_reach, lambda keys: standings_by_key(keys, scale=scale)))


def _ranked(arena: Arena | None, scale: str) -> tuple[list[Outlook], list[int]]:
    """The outlooks, the most telling per second first, and the open claims that have none."""
    standings = claim_list(arena=arena, scale=scale)
    outlooks = _outlooks(standings, scale)
    lost = [s.claim.pk for s in standings
            if s.claim.pk not in outlooks and (s.status == Verdict.INCONCLUSIVE or not s.current)]
    return sorted(outlooks.values(), key=lambda outlook: (-outlook.rate, outlook.claim)), lost


def proposals(standings: Sequence[ClaimStanding], *, scale: str = "full") -> dict[int, Proposal]:
    """A proposal for each open claim that runs can decide, by the claim's primary key; five queries."""
    outlooks = _outlooks(standings, scale)
    if not outlooks:
        return {}
    slots = worker_slots()
    return {s.claim.pk: Proposal(s, outlooks[s.claim.pk], slots) for s in standings if s.claim.pk in outlooks}


def _outlooks(standings: Sequence[ClaimStanding], scale: str) -> dict[int, Outlook]:
    """By claim; four queries, and one more where a method was never run."""
    undecided = [s for s in standings if next_look(s)]
    if not undecided:
        return {}
    slugs = {term["method"] or s.claim.method.slug for s in undecided for term in s.claim.terms}
    arenas = {s.claim.method.arena_id: s.claim.method.arena for s in undecided}
    methods = {(m.arena_id, m.slug): m for m in Method.objects.filter(
        arena__in=list(arenas), slug__in=slugs, present=True, arena__present=True).only(
        "slug", "title", "code_digest", "digests", "arena_id")}
    for method in methods.values():
        method.arena = arenas[method.arena_id]
    settings = {term["setting"] for s in undecided for term in s.claim.terms}
    done, active = seeds_of(methods.values(), scale, settings=settings)
    times, odds = RunTimes(methods.values(), scale), _Odds(arenas, scale)
    outlooks = {}
    for standing in undecided:
        questions = questions_of(standing.claim, methods)
        if questions:
            outlooks[standing.claim.pk] = _outlook(standing, questions, done, active, times, odds)
    return outlooks


def next_look(standing: ClaimStanding) -> int | None:
    """The seeds at which an open claim is looked at next; None when it is decided or nothing more would decide it."""
    if not standing.current:
        return SEEDS
    verdict = standing.decided
    if verdict.status == Verdict.INCONCLUSIVE:
        return sequential.next_look(verdict.n) if verdict.seeds_needed else None
    return SEEDS if verdict.n < SEEDS and verdict.p_value else None  # a foretaste, unless it is of counts


def _outlook(standing: ClaimStanding, questions: Sequence[Question], done: Seeds, active: Seeds, times: RunTimes,
             odds: _Odds) -> Outlook:
    common = set.intersection(*(done[method.pk, setting] for method, setting in questions))
    look, arena = next_look(standing) or 0, standing.claim.method.arena_id
    # later than all that was looked at, so that earlier looks stay what they were
    fresh = count(max(common, default=-1) + 1) if standing.current else (s for s in count() if s not in common)
    seeds = tuple(islice(fresh, max(0, look - len(common))))
    chance = chance_at(standing.decided, look) if standing.current else odds.decided(arena)
    holds = probability(standing.decided) if standing.current else odds.confirmed(arena)
    if not standing.current and standing.claim.cost and not _records_cost(standing.claim):
        chance *= 1 - holds  # it can only be refuted
    work = lacking(questions, seeds, done, active, times)
    return Outlook(standing.claim.pk, look, seeds, work, chance, entropy(holds))


def lacking(questions: Iterable[Question], seeds: Collection[int], done: Seeds, active: Seeds,
            times: RunTimes) -> Work:
    """What the methods and settings lack of these seeds."""
    missing, waiting, seconds, rough = 0, 0, 0.0, False
    for method, setting in questions:
        left = set(seeds) - done[method.pk, setting]
        fresh = len(left - active[method.pk, setting])
        seconds_each, guessed = times.of(method, setting)
        missing, waiting = missing + fresh, waiting + len(left) - fresh
        seconds, rough = seconds + fresh * seconds_each, rough or (guessed and fresh > 0)
    return Work(missing, waiting, seconds, rough)


def _records_cost(claim) -> bool:
    """Whether runs record what the claim calls a cost, as far as can be known before any."""
    name = cost_name(claim)
    return name in {*COSTS, *COST_NAMES.values()} or name in {m["name"] for m in claim.method.arena.metrics}


class _Odds:
    """How often the claims of an arena are decided and confirmed, with one of each added so that none is certain."""

    def __init__(self, arenas: Iterable[str], scale: str):
        self.counts: dict[str, Counter] = defaultdict(Counter)
        rows = Verdict.objects.filter(claim__method__arena__in=arenas, current=True, scale=scale).order_by()
        for arena, status, number in rows.values_list("claim__method__arena", "status").annotate(Count("pk")):
            self.counts[arena][status] = number

    def decided(self, arena: str) -> float:
        of = self.counts[arena]
        return (of[Verdict.CONFIRMED] + of[Verdict.REFUTED] + 1) / (of.total() + 2)

    def confirmed(self, arena: str) -> float:
        of = self.counts[arena]
        return (of[Verdict.CONFIRMED] + 1) / (of[Verdict.CONFIRMED] + of[Verdict.REFUTED] + 2)


Times = dict[tuple, list[tuple[float, int]]]  # by method or arena, with a setting or alone: means and numbers of runs


class RunTimes:
    """Mean seconds of a method's finished runs, those of this machine before loaded ones; one query.

    Where a method has none in a setting: those of its other settings, then of the arena (a query more), then the
    time limit.
    """

    def __init__(self, methods: Iterable[Method], scale: str):
        self.scale, self.arenas = scale, {method.pk: method.arena_id for method in methods}
        self.by_method = _mean_seconds(Run.objects.filter(method__in=list(self.arenas)), scale, lambda pk: pk)

    @cached_property
    def by_arena(self) -> Times:
        arenas = set(self.arenas.values())
        arena_of = dict(Method.objects.filter(arena__in=arenas).values_list("pk", "arena"))
        return _mean_seconds(Run.objects.filter(method__arena__in=arenas), self.scale, arena_of.__getitem__)

    def of(self, method: Method, setting: str) -> tuple[float, bool]:
        """Seconds of one run, and whether other methods' runs or the time limit stand in for its own."""
        rows = self.by_method.get((method.pk, setting)) or self.by_method.get((method.pk,))
        guessed = rows is None
        if rows is None:
            rows = self.by_arena.get((method.arena_id, setting)) or self.by_arena.get((method.arena_id,))
        if rows is None:
            return float(method.arena.scales.get(self.scale, {}).get("seconds", 60)), True
        return sum(mean * number for mean, number in rows) / sum(number for _, number in rows), guessed


def _mean_seconds(runs: QuerySet[Run], scale: str, group_of: Callable[[int], int | str]) -> Times:
    rows = runs.filter(scale=scale, state=Run.DONE, params_key="", seconds__isnull=False).order_by().values_list(
        "method", "setting", "origin").annotate(Avg("seconds"), Count("pk"))
    preferred: dict[tuple[int, str], tuple[float, int]] = {}
    for method, setting, origin, mean, number in rows:
        if (method, setting) not in preferred or not origin:
            preferred[method, setting] = mean, number
    times: Times = defaultdict(list)
    for (method, setting), row in preferred.items():
        times[group_of(method), setting].append(row)
        times[group_of(method),].append(row)
    return times


Seeds = dict[tuple[int, str], set[int]]  # by method and setting


def seeds_of(methods: Iterable[Method], scale: str, *, settings: Iterable[str] | None = None, own: str = ""
             ) -> tuple[Seeds, Seeds]:
    """Seeds that the present code has measured, and those queued or running; one query. All settings when None."""
    done: Seeds = defaultdict(set)
    active: Seeds = defaultdict(set)
    methods = list(methods)
    rows = Run.objects.filter(method__in=methods, scale=scale, params_key=own, replay_of=None,
                              state__in=[*Run.ACTIVE, Run.DONE]).order_by()
    if settings is not None:
        rows = rows.filter(setting__in=list(settings))
    by_key = {method.pk: method for method in methods}
    for pk, setting, seed, state, digest in rows.values_list("method", "setting", "seed", "state", "code_digest"):
        if digest == by_key[pk].run_digest(setting, scale):
            (done if state == Run.DONE else active)[pk, setting].add(seed)
    return done, active


def worker_slots(queue: str = "cpu") -> int:
    """How many runs go at a time on the workers that are alive; 1 when none is."""
    fresh = Worker.objects.filter(seen_at__gte=timezone.now() - LOST_AFTER)
    return max(1, sum(slots for queues, slots in fresh.values_list("queues", "slots") if queue in queues))


@dataclass(frozen=True)
class Estimate:
    """How long the missing runs of one setting take."""

    name: str
    missing: int
    wall_seconds: float
    rough: bool


@dataclass(frozen=True)
class ArenaEstimate:
    """What is missing in an arena at a scale with so many seeds: by setting, and in all."""

    scale: str
    seeds: int
    settings: tuple[Estimate, ...]

    @property
    def total(self) -> Estimate:
        return Estimate("all settings", sum(e.missing for e in self.settings),
                        sum(e.wall_seconds for e in self.settings), any(e.rough for e in self.settings))


def arena_estimate(arena: Arena, *, scale: str, seeds: int) -> ArenaEstimate:
    """One estimate per setting; five queries, and two more where a method was never run."""
    methods = list(arena.methods.filter(present=True).select_related("arena").only(
        "slug", "code_digest", "digests", "arena__scales"))
    done, active = seeds_of(methods, scale)
    times, slots = RunTimes(methods, scale), worker_slots()
    return ArenaEstimate(scale, seeds, tuple(
        _estimate(name, lacking([(method, name) for method in methods], range(seeds), done, active, times), slots)
        for name in (setting["name"] for setting in arena.settings)))


def request_estimate(methods: Sequence[Method], setting: str, *, scale: str = "full",
                     seeds: Collection[int] = range(SEEDS), questions: Iterable[Question] | None = None,
                     own: str = "") -> Estimate:
    """What a request for these methods lacks (`setting` and `questions` as in `request_runs`, `own` the key of its own
    hyperparameters); three queries, and those of claims. Runs with own values are taken to last as long as others."""
    questions = list(requested(methods, setting) if questions is None else questions)
    present = [method for method, _ in questions]
    done, active = seeds_of(present, scale, own=own)
    return _estimate(setting, lacking(questions, seeds, done, active, RunTimes(present, scale)), worker_slots())


def _estimate(name: str, work: Work, slots: int) -> Estimate:
    return Estimate(name, work.missing, work.seconds / slots, work.rough)


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> [duration(s) for s in (0.2, 42, 200, 5000, 300000)]
    ['1 s', '42 s', '3 min', '83 min', '3.5 days']
    """
    for unit, size, most in (("s", 1, 90), ("min", 60, 90), ("h", 3600, 48)):
        if seconds / size < most:
            amount = seconds / size
            return f"{amount:.1f} {unit}" if unit == "h" and amount < 10 else f"{max(1, round(amount))} {unit}"
    return f"{seconds / 86400:.1f} days"


def _spans(seeds: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each unbroken stretch of rising numbers."""
    for _, stretch in groupby(enumerate(seeds), lambda numbered: numbered[1] - numbered[0]):
        numbers = [seed for _, seed in stretch]
        yield numbers[0], numbers[-1]
