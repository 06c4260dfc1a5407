"""What is worth measuring next: the seeds that would decide an open claim, how much that tells, how long it takes.

A claim is open when its verdict is inconclusive and an affordable number of seeds would decide it, or when the
present code has not measured it. Expected information is in bits: the entropy of whether the claim holds, as far as
the measurements tell, times the chance that the proposed seeds decide it. Times are those that runs recorded.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice

from django.db.models import Avg, Count, F
from django.utils import timezone
from scipy.special import stdtr

from evaluations.arithmetic import statistics
from evaluations.claims.verdicts import ClaimStanding, claim_list, cost_name
from evaluations.models import Run, Verdict, Worker
from evaluations.runs.measurements import COSTS
from evaluations.runs.requests import questions_of, requested
from evaluations.runs.services import LOST_AFTER
from methods.kit.method import COSTS as COST_NAMES
from methods.models import Arena, Method

SEEDS = 10  # proposed for a claim that nothing is known of
MOST_MORE_SEEDS = 100  # beyond this a button would promise too much


@dataclass(frozen=True)
class Proposal:
    """Runs that would tell what becomes of one open claim.

    `seeds` are those to add; `missing` counts the runs that are neither measured nor queued, `active` those on the
    way; `chance` is that of a decision, `entropy` that of whether the claim holds. `rough` times stand on other
    methods' runs or on the time limit.
    """

    standing: ClaimStanding
    seeds: tuple[int, ...]
    missing: int
    active: int
    seconds: float
    slots: int
    rough: bool
    chance: float
    entropy: float

    @property
    def information(self) -> float:
        return self.chance * self.entropy

    @property
    def rate(self) -> float:
        """Expected bits per second of computing; 0 when nothing is left to queue."""
        return self.information / self.seconds if self.missing else 0.0

    @property
    def wall_seconds(self) -> float:
        return self.seconds / self.slots

    @property
    def target(self) -> str:
        return f"claim:{self.standing.claim.pk}"

    @property
    def seeds_text(self) -> str:
        return ",".join(f"{first}-{last}" for first, last in _spans(self.seeds))


@dataclass(frozen=True)
class OpenQuestions:
    """The proposals, the most telling per second first; those under way; and claims no button can decide."""

    proposals: tuple[Proposal, ...]
    under_way: tuple[Proposal, ...]
    out_of_reach: tuple[ClaimStanding, ...]


def open_questions(*, arena: Arena | None = None, scale: str = "full") -> OpenQuestions:
    """Every open claim; a fixed number of queries."""
    standings = claim_list(arena=arena, scale=scale)
    found = proposals(standings, scale=scale)
    ranked = sorted(found.values(), key=lambda proposal: (-proposal.rate, proposal.standing.claim.pk))
    lost = [s for s in standings if s.claim.pk not in found and (s.status == Verdict.INCONCLUSIVE or not s.current)]
    return OpenQuestions(tuple(p for p in ranked if p.missing), tuple(p for p in ranked if not p.missing and p.active),
                         tuple(lost))


def proposals(standings: Sequence[ClaimStanding], *, scale: str = "full") -> dict[int, Proposal]:
    """A proposal for each open claim that runs can decide, by the claim's primary key; five queries."""
    undecided = [s for s in standings if _wanted_seeds(s)]
    if not undecided:
        return {}
    arenas = {s.claim.method.arena_id for s in undecided}
    methods = {(m.arena_id, m.slug): m for m in Method.objects.filter(
        arena__in=arenas, present=True, arena__present=True).select_related("arena").only(
        "slug", "title", "code_digest", "arena__scales", "arena__baseline")}
    done, active = seeds_of(methods.values(), scale)
    times, odds, slots = RunTimes(methods.values(), scale), _Odds(arenas, scale), worker_slots()
    found = {}
    for standing in undecided:
        questions = questions_of(standing.claim, methods)
        if questions:
            found[standing.claim.pk] = _proposal(standing, questions, done, active, times, odds, slots)
    return found


def _wanted_seeds(standing: ClaimStanding) -> int:
    """How many more common seeds a claim needs; 0 when it is decided, or out of reach."""
    if not standing.current:
        return SEEDS
    needed = standing.verdict.seeds_needed or 0
    return needed if standing.status == Verdict.INCONCLUSIVE and needed <= MOST_MORE_SEEDS else 0


def _proposal(standing, questions, done, active, times, odds, slots) -> Proposal:
    have = [done[method.pk, setting] for method, setting in questions]
    common = set.intersection(*have)
    known = standing.current
    wanted = _wanted_seeds(standing)
    fresh = (seed for seed in count() if seed not in common)
    seeds = tuple(islice(fresh, wanted if known else max(0, wanted - len(common))))
    missing, waiting, seconds, rough = 0, 0, 0.0, False
    for (method, setting), measured in zip(questions, have, strict=True):
        queued = active[method.pk, setting]
        wanted_here = [seed for seed in seeds if seed not in measured]
        left = sum(seed not in queued for seed in wanted_here)
        each, guessed = times.of(method, setting)
        missing, waiting = missing + left, waiting + len(wanted_here) - left
        seconds, rough = seconds + left * each, rough or (guessed and left > 0)
    arena = standing.claim.method.arena_id
    chance = statistics.POWER if known else odds.decided(arena)
    holds = probability(standing.verdict) if known else odds.confirmed(arena)
    if not known and standing.claim.cost and not _records_cost(standing.claim):
        chance *= 1 - holds  # it can only be refuted
    return Proposal(standing, seeds, missing, waiting, seconds, slots, rough, chance, entropy(holds))


def _records_cost(claim) -> bool:
    """Whether runs record what the claim calls a cost, as far as can be known before any."""
    name = cost_name(claim)
    return name in {*COSTS, *COST_NAMES.values()} or name in {m["name"] for m in claim.method.arena.metrics}


def probability(verdict: Verdict) -> float:
    """How probable the claim is by its measurements alone: Student's t of the mean with a flat prior, each half."""
    found = _positive(verdict.difference, verdict.low, verdict.high, verdict.n)
    cost = verdict.cost
    if cost and cost["low"] is not None:
        found *= _positive(cost["difference"], cost["low"], cost["high"], cost["n"])
    return found


def _positive(mean: float, low: float, high: float, n: int) -> float:
    half = (high - low) / 2
    if half <= 0:  # every seed the same: the sign test
        return 0.5 if mean == 0 else 1 - 2.0 ** -n if mean > 0 else 2.0 ** -n
    return float(stdtr(n - 1, mean * statistics.t_critical(n - 1) / half))


def entropy(p: float) -> float:
    """Bits of a yes that has probability `p`.

    >>> entropy(0.5), round(entropy(0.11), 3), entropy(1.0)
    (1.0, 0.5, 0.0)
    """
    return sum(-q * math.log2(q) for q in (p, 1 - p) if q > 0)


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


class RunTimes:
    """Mean seconds of a method's finished runs, those of this machine before loaded ones; one query.

    Where a method has none in a setting: those of its other settings, then of the arena, then the time limit.
    """

    def __init__(self, methods: Iterable[Method], scale: str):
        self.scale, of = scale, {method.pk: method.arena_id for method in methods}
        self.means: dict[tuple, list[tuple[float, int]]] = defaultdict(list)
        rows = Run.objects.filter(method__in=list(of), scale=scale, state=Run.DONE, params_key="",
                                  seconds__isnull=False).order_by()
        found: dict[tuple, tuple[bool, float, int]] = {}
        for method, setting, origin, mean, number in rows.values_list("method", "setting", "origin").annotate(
                Avg("seconds"), Count("pk")):
            if (method, setting) not in found or not origin:
                found[method, setting] = not origin, mean, number
        for (method, setting), (_, mean, number) in found.items():
            for key in ((method, setting), (method,), (of[method], setting), (of[method],)):
                self.means[key].append((mean, number))

    def of(self, method: Method, setting: str) -> tuple[float, bool]:
        """Seconds of one run, and whether other methods' runs or the time limit stand in for its own."""
        for key in ((method.pk, setting), (method.pk,), (method.arena_id, setting), (method.arena_id,)):
            if rows := self.means.get(key):
                return sum(mean * number for mean, number in rows) / sum(number for _, number in rows), \
                    key[0] != method.pk
        return float(method.arena.scales.get(self.scale, {}).get("seconds", 60)), True


def seeds_of(methods: Iterable[Method], scale: str) -> tuple[dict, dict]:
    """Seeds that the present code has measured, and those queued or running, by method and setting; one query."""
    done, active = defaultdict(set), defaultdict(set)
    rows = Run.objects.filter(method__in=list(methods), scale=scale, params_key="", replay_of=None,
                              code_digest=F("method__code_digest"), state__in=[*Run.ACTIVE, Run.DONE]).order_by()
    for method, setting, seed, state in rows.values_list("method", "setting", "seed", "state"):
        (done if state == Run.DONE else active)[method, setting].add(seed)
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


class ArenaEstimate:
    """What is missing in an arena, by setting."""

    def __init__(self, arena: Arena, *, scale: str, seeds: int):
        self.methods = list(arena.methods.filter(present=True).select_related("arena").only(
            "slug", "code_digest", "arena__scales"))
        self.arena, self.scale, self.seeds = arena, scale, range(seeds)

    @cached_property
    def settings(self) -> list[Estimate]:
        """One estimate per setting; three queries."""
        done, active = seeds_of(self.methods, self.scale)
        times, slots, found = RunTimes(self.methods, self.scale), worker_slots(), []
        for setting in (s["name"] for s in self.arena.settings):
            missing, seconds, rough = 0, 0.0, False
            for method in self.methods:
                left = len(set(self.seeds) - done[method.pk, setting] - active[method.pk, setting])
                each, guessed = times.of(method, setting)
                missing, seconds, rough = missing + left, seconds + left * each, rough or (guessed and left > 0)
            found.append(Estimate(setting, missing, seconds / slots, rough))
        return found

    @property
    def total(self) -> Estimate:
        return Estimate("all settings", sum(e.missing for e in self.settings),
                        sum(e.wall_seconds for e in self.settings), any(e.rough for e in self.settings))


def request_estimate(methods: Sequence[Method], setting: str, *, scale: str = "full", seeds: int = SEEDS) -> Estimate:
    """What a request for these methods lacks (`setting` as in `request_runs`); three queries, and those of claims."""
    questions = requested(methods, setting)
    present = [method for method, _ in questions]
    done, active = seeds_of(present, scale)
    times, missing, seconds, rough = RunTimes(present, scale), 0, 0.0, False
    for method, name in questions:
        left = len(set(range(seeds)) - done[method.pk, name] - active[method.pk, name])
        each, guessed = times.of(method, name)
        missing, seconds, rough = missing + left, seconds + left * each, rough or (guessed and left > 0)
    return Estimate(setting, missing, seconds / worker_slots(), rough)


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
    first = last = None
    for seed in seeds:
        if last is not None and seed == last + 1:
            last = seed
            continue
        if last is not None:
            yield first, last
        first = last = seed
    if last is not None:
        yield first, last
