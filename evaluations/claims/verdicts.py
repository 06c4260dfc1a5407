"""What the paired seeds say of the claims on the methods' cards.

A claim is a sum of terms (weight times one method's metric in one setting), signed so that a positive sum supports
it, plus a margin. The sum is taken seed by seed over the seeds that every term has, from present-code runs with
default hyperparameters; `smoke` runs never count. Two seeds are the least a verdict needs.

Seeds are added by a rule: a claim is looked at when it has 10, and while it is undecided again at 20, 30 and 40
(`arithmetic/sequential.py`). A verdict's numbers are those of the look that decided it, or else of the last one; fewer
than 10 seeds are a foretaste, tested as the first look is.

Multiplicity: the two-sided paired t tests of one method's claims in one setting (or one set of settings) at one scale
that have two seeds or more are a family, corrected by Holm: what a reader of that method asks at once. Claims whose
sums are the same number at every seed (two rivals that come to the same there) are one test. How many of all verdicts
would be decided were no effect real is reckoned for the whole arena (`false_discoveries.py`). A verdict's `low` and
`high` are the plain 95 % interval of its look, its `p_value` is adjusted for the looks and by Holm. It is confirmed
(refuted) when the interval lies above (below) zero and the adjusted p is at most 0.05. Power and further seeds are
reckoned at the level that rule and Holm's procedure hold that claim to. What every term repeats at every seed is a
count: it is compared exactly, its p is 0, and an equal count does not beat another.

A claim "at a lower cost" has two halves, and both must hold: `difference`, `low` and `high` are those of the first,
`cost` holds the second. Its p in the family is the larger of the two when both point its way (so it is confirmed only
when each half is), else that of the half against it (so one half that fails refutes it); either error stays at the
level. A count that differs by the same amount at every seed is known and not estimated: its p is 0, and an equal
count is not a lower one. Seconds and memory are compared between runs of one machine only. A cost that no run
records can be refuted by the first half and never confirmed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from evaluations.arithmetic import sequential, statistics
from evaluations.claims.false_discoveries import Claimed, reckon
from evaluations.claims.testing import LEAST_SEEDS, Adjusted, CostEvidence, Evidence, Looked, in_families
from evaluations.models import Claim, Verdict
from evaluations.runs.measurements import COSTS, Measurement, measure
from methods.kit.method import COSTS as COST_NAMES
from methods.models import Arena, Method, chance_level
from papers.following.happenings import all_happened

NOT_MEASURED = "not measured"
LONG = ("source_code", "explanation", "params", "claims")  # columns of a method that claims have no use for


def update_verdicts(*, arena: Arena, scale: str = "full") -> list[Verdict]:
    """Bring the arena's verdicts up to date with its runs; returns the new ones. Safe to repeat.

    A new row is written when a claim's status or the scores behind it changed, and the row before it stays as
    history. Where only other claims of the family changed, adjusted p, power and seeds are renewed in place. A
    claim that has lost its scores (the code changed) keeps its rows, none of them current. Raises ValueError for
    the smoke scale, which never gives verdicts.
    """
    if scale == "smoke":
        raise ValueError("smoke runs only check that the code works; they give no verdicts")
    fresh, tests = _update(arena, scale)
    reckon(arena, scale, [Claimed(test.evidence.by_seed, test.family, test.evidence.basis) for test in
                          {(test.family, test.numbers): test for test in tests if not test.evidence.exact}.values()])
    return fresh


@transaction.atomic
def _update(arena: Arena, scale: str) -> tuple[list[Verdict], list[Looked]]:
    Arena.objects.select_for_update().get(pk=arena.pk)  # one at a time
    evidence = gather_evidence(arena=arena, scale=scale)
    before = {verdict.claim_id: verdict for verdict in Verdict.objects.filter(
        claim__method__arena=arena, scale=scale, current=True)}
    tests = [Looked.at(e) for e in evidence if len(e.by_seed) >= LEAST_SEEDS]
    fresh: list[Verdict] = []
    for test, adjusted in zip(tests, in_families(tests), strict=True):
        old = before.pop(test.evidence.claim.pk, None)
        new = _verdict(test, adjusted, scale)
        if old and (old.status, old.basis) == (new.status, new.basis):
            _renew(old, new)
            continue
        if old:
            Verdict.objects.filter(pk=old.pk).update(current=False)
        new.save()
        fresh.append(new)
    Verdict.objects.filter(pk__in=[verdict.pk for verdict in before.values()]).update(current=False)
    all_happened("verdict", [verdict.pk for verdict in fresh])
    return fresh, tests


def gather_evidence(*, arena: Arena, scale: str) -> list[Evidence]:
    """The sum of every claim of the arena's present methods, by seed; five queries."""
    claims = with_parents(Claim.objects.filter(method__arena=arena, method__present=True))
    methods = {method.slug: method for method in arena.methods.filter(present=True).defer(*LONG)}
    found = measure_terms(claims, methods, scale)
    return [evidence_of(claim, term_measurements(claim, methods, found)) for claim in claims]


Found = Mapping[tuple[int, str], Measurement]


def measure_terms(claims: Sequence[Claim], methods: Mapping[str, Method], scale: str) -> Found:
    """What was measured of the methods and settings that the claims of one arena compare; two queries."""
    terms = [term for claim in claims for term in claim.terms]
    costs = {cost_name(claim) for claim in claims if claim.cost}
    found, _ = measure(methods.values(), settings={term["setting"] for term in terms}, scale=scale,
                       metrics={term["metric"] for term in terms} | costs)
    return found


def term_measurements(claim: Claim, methods: Mapping[str, Method], found: Found, *, stale: bool = False
                      ) -> list[Measurement | None]:
    """The measurement behind each term; without `stale`, those of older code are left out."""
    of = []
    for term in claim.terms:
        method = methods.get(term["method"] or claim.method.slug)
        measured = found.get((method.pk, term["setting"])) if method else None
        of.append(measured if measured and (stale or not measured.stale) else None)
    return of


def evidence_of(claim: Claim, measured: Sequence[Measurement | None]) -> Evidence:
    """The claim's sum over the seeds that every term has."""
    scores = [of.scores.get(term["metric"], {}) if of else {} for term, of in zip(claim.terms, measured, strict=True)]
    seeds = sorted(set.intersection(*map(set, scores))) if scores else []
    by_seed = {seed: claim.margin + _sum([term["weight"] * by[seed] for term, by in
                                          zip(claim.terms, scores, strict=True)]) for seed in seeds}
    looked, waiting = seeds[:sequential.counted(len(seeds))], set(seeds[sequential.counted(len(seeds)):])
    basis = [claim.margin, [[term, of.code_digest if of and by else "", [by[seed] for seed in looked]] for term, of, by
                            in zip(claim.terms, measured, scores, strict=True)], looked]
    cost = _cost_evidence(claim, *measured[:2]) if claim.cost else None
    if cost:
        basis.append([cost.recorded, sorted(item for item in cost.by_seed.items() if item[0] not in waiting)])
    exact = bool(seeds) and all(statistics.repeats([by[seed] for seed in seeds]) for by in scores)
    sides = tuple(_side(claim, term, of, seeds) for term, of in zip(claim.terms, measured, strict=True) if of)
    return Evidence(claim, by_seed, hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest(), cost, exact,
                    sides)


def _side(claim: Claim, term: Mapping[str, Any], measured: Measurement, seeds: Sequence[int]) -> dict[str, Any]:
    """What a reader should know of one term: the seeds at which it learned nothing, the steps and gradients it took."""
    arena, scores = claim.method.arena, measured.scores.get(term["metric"], {})
    metric = arena.metric(term["metric"])
    chance = chance_level(metric, term["setting"])
    here = {seed: scores[seed] for seed in seeds}
    spent = {name: statistics.mean_interval([by_seed[seed] for seed in seeds]).mean for name in ("steps", "gradients")
             if set(seeds) <= set(by_seed := measured.costs.get(name) or {}) and seeds}
    return {"method": term["method"] or claim.method.slug, "setting": term["setting"], "metric": term["metric"],
            "collapsed": list(statistics.collapsed(here, chance, metric["ceiling"], metric["better"])), **spent}


def cost_name(claim: Claim) -> str:
    """The name under which runs record what the card calls a cost: a metric of the arena, or a cost of every run."""
    for metric in claim.method.arena.metrics:
        if claim.cost in (metric["name"], metric["title"].lower()):
            return metric["name"]
    return COST_NAMES.get(claim.cost, claim.cost)


def _cost_evidence(claim: Claim, ours: Measurement | None, rivals: Measurement | None) -> CostEvidence:
    """Rival minus claimant. The first term is the claimant's, the second the rival's."""
    name = cost_name(claim)
    units = {"seconds": "s", "peak_memory_mb": "MB"} | {m["name"]: m["unit"] for m in claim.method.arena.metrics}
    if not ours or not rivals:
        return CostEvidence(name, units.get(name, ""), {})
    spent = [(of.scores.get(name) or of.costs.get(name) or {}) for of in (ours, rivals)]
    if not all(spent):
        return CostEvidence("", "", {})
    seeds = sorted(set(spent[0]) & set(spent[1]))
    if name in COSTS:
        seeds = [seed for seed in seeds if ours.machine_of.get(seed) == rivals.machine_of.get(seed)]
    return CostEvidence(name, units.get(name, ""), {seed: spent[1][seed] - spent[0][seed] for seed in seeds})


def _sum(parts: Sequence[float]) -> float:
    """Their sum, without the rounding noise that is left when they cancel."""
    total = math.fsum(parts)
    return 0.0 if abs(total) <= 1e-12 * max(map(abs, parts)) else total


def _verdict(test: Looked, adjusted: Adjusted, scale: str) -> Verdict:
    told = test.told_by(adjusted)
    first, status, evidence = told.halves[0], told.status(adjusted.p_value), told.evidence
    return Verdict(
        claim=evidence.claim, status=status, scale=scale, n=first.n, difference=first.mean, low=first.low,
        high=first.high, p_value=adjusted.p_value, effect_size=first.effect_size,
        power=told.power(sequential.level_at(first.n, adjusted.level)), cost=told.cost_record(),
        seeds_needed=test.seeds_needed(adjusted.level) if status == Verdict.INCONCLUSIVE else 0,
        basis=evidence.basis, family=adjusted.family, sides=list(evidence.sides))


def _renew(old: Verdict, new: Verdict) -> None:
    """Take over what depends on the other claims of the family, and what is only told beside the numbers."""
    changed = {name: getattr(new, name) for name in ("p_value", "power", "seeds_needed", "family", "sides")
               if getattr(new, name) != getattr(old, name)}
    if changed:
        Verdict.objects.filter(pk=old.pk).update(**changed)


@dataclass(frozen=True)
class ClaimStanding:
    """A claim with its present verdict, or the last one of older code (stale), or none ("not measured")."""

    claim: Claim
    verdict: Verdict | None
    stale: bool = False

    @property
    def status(self) -> str:
        return self.verdict.status if self.verdict else NOT_MEASURED

    @property
    def decided(self) -> Verdict:
        """The verdict of a claim that has one. Raises ValueError for another."""
        if self.verdict is None:
            raise ValueError(f"nothing is measured of {self.claim}")
        return self.verdict

    @property
    def current(self) -> bool:
        """Whether the present code has measured it."""
        return self.verdict is not None and not self.stale


def claim_list(*, arena: Arena | None = None, methods: Sequence | None = None, scale: str = "full"
               ) -> list[ClaimStanding]:
    """The claims of present methods with where they stand; four queries."""
    claims = claims_in_order()
    if arena is not None:
        claims = claims.filter(method__arena=arena)
    if methods is not None:
        claims = claims.filter(method__in=methods)
    return standings_of(with_parents(claims), scale=scale)


def claims_in_order() -> QuerySet[Claim]:
    """The claims of present methods by arena and title."""
    return Claim.objects.filter(method__present=True).order_by("method__arena", "method__title", "position")


def with_parents(claims: Iterable[Claim]) -> list[Claim]:
    """The claims with their methods, arenas and rivals' titles, each of them fetched and parsed once; three queries.

    Joined instead, an arena's lists would be parsed again for every claim.
    """
    rows = list(claims)
    named = Method.objects.defer(*LONG).filter(Q(pk__in={claim.method_id for claim in rows}) | Q(
        slug__in={claim.rival for claim in rows}))
    methods = {method.pk: method for method in named}
    titles = {(method.arena_id, method.slug): method.title for method in methods.values()}
    arenas = Arena.objects.defer("source_code", "explanation").in_bulk(
        {methods[claim.method_id].arena_id for claim in rows})
    for claim in rows:
        claim.method = methods[claim.method_id]
        claim.method.arena = arenas[claim.method.arena_id]
        claim.rival_title = titles.get((claim.method.arena_id, claim.rival), claim.rival)
    return rows


def standings_by_key(claims: Sequence[int], *, scale: str = "full") -> list[ClaimStanding]:
    """Where the claims with these primary keys stand, in their order; four queries."""
    by_key = {claim.pk: claim for claim in with_parents(Claim.objects.filter(pk__in=list(claims)))}
    return standings_of([by_key[pk] for pk in claims if pk in by_key], scale=scale)


def statuses_by_arena(*, scale: str = "full") -> dict[str, Counter[str]]:
    """How many claims of present methods stand where, by arena; two queries, and no claim is built."""
    newest = dict(Verdict.objects.filter(scale=scale).order_by("current", "decided_at", "pk").values_list(
        "claim", "status"))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for claim, arena in Claim.objects.filter(method__present=True).order_by().values_list("pk", "method__arena"):
        counts[arena][newest.get(claim, NOT_MEASURED)] += 1
    return counts


def standings_of(claims: Sequence[Claim], *, scale: str = "full") -> list[ClaimStanding]:
    """Where each of the claims stands, in their order; one query."""
    newest: dict[int, Verdict] = {}
    for verdict in Verdict.objects.filter(claim__in=claims, scale=scale).order_by("current", "decided_at", "pk"):
        newest[verdict.claim_id] = verdict  # the current one comes last
    return [ClaimStanding(claim, newest.get(claim.pk), claim.pk in newest and not newest[claim.pk].current)
            for claim in claims]
