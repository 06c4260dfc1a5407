"""What of runs, verdicts and tables can be saved, followed and told of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Max, QuerySet
from django.urls import reverse
from django.utils.http import urlencode

from evaluations.claims.verdicts import ClaimStanding, with_parents
from evaluations.claims.wording import sentence, statement
from evaluations.ledger.ledger import LedgerError, ledger, read_state
from evaluations.models import Claim, Run, Verdict
from evaluations.runs.selectors import FILTERS, run_list
from evaluations.tables.build import build_table
from evaluations.tables.summaries import evidence_in_words
from evaluations.tables.table import Table
from methods.following import mark_of
from methods.models import Arena, Method, PaperLink
from papers.feeds import Entry
from papers.following.happenings import all_happened
from papers.following.models import Follow, Standing
from papers.following.registry import (
    DECIDED,
    FLIPPED,
    RUN_DONE,
    RUN_FAILED,
    TABLE,
    Asked,
    Draft,
    FollowKind,
    Found,
    Reader,
    Registry,
    ViewKind,
)
from papers.parameters import id_from

ALL = "all"
NAMED = 8  # changes of a table told in words
UNTOLD = ("log", "curve", "environment", "method__source_code", "method__explanation", "method__arena__source_code",
          "method__arena__explanation")
Subjects = frozenset[tuple[str, str]]


# Runs


def newest_end(arguments: Mapping[str, Any], settled: bool) -> str:
    """When the last run ended; of one arena where the address names it."""
    runs = Run.objects.exclude(finished_at=None).order_by("-finished_at")
    if arguments.get("slug"):
        runs = runs.filter(method__arena=arguments["slug"])
    newest = runs.values_list("finished_at", flat=True).first()
    return newest.isoformat() if newest else ""


def _ended(runs: QuerySet[Run], asked: Asked) -> QuerySet[Run]:
    runs = runs.exclude(finished_at=None)
    if asked.after:
        runs = runs.filter(finished_at__gt=datetime.fromisoformat(asked.after))
    if asked.until:
        runs = runs.filter(finished_at__lte=datetime.fromisoformat(asked.until))
    return runs


def ended_runs(asked: Asked) -> list[Entry]:
    """Of a filtered list of runs, those that ended."""
    filters = {name: asked.query.get(name, "").strip() for name in FILTERS}
    runs = _ended(run_list(filters), asked).order_by("-finished_at", "-pk")[:asked.limit]
    return [Entry(f"{run.method.title}, {run.setting}, seed {run.seed}: {run.state}",
                  reverse("run_detail", args=[run.pk]), run.finished_at, run.cause,
                  categories=(run.method.arena.title, run.state)) for run in runs if run.finished_at]


def measured_methods(asked: Asked) -> list[Entry]:
    """Of an arena's table, the methods with new scores."""
    slug = asked.arguments["slug"]
    runs = _ended(Run.objects.filter(method__arena=slug, state=Run.DONE, scale=asked.query.get("scale") or "full"),
                  asked)
    if setting := asked.query.get("setting"):
        runs = runs.filter(setting=setting)
    if chosen := [name for value in asked.query.getlist("methods") for name in value.split(",") if name]:
        runs = runs.filter(method__slug__in=chosen)
    rows = runs.order_by().values("method__slug", "method__title", "setting").annotate(
        runs=Count("pk"), last=Max("finished_at")).order_by("-last")[:asked.limit]
    return [Entry(f"{row['method__title']}, {row['setting']}: {row['runs']} run{'s' if row['runs'] > 1 else ''}",
                  reverse("method_detail", args=[slug, row["method__slug"]]), row["last"],
                  key=f"{row['setting']}-{row['last']:%Y%m%d%H%M%S}") for row in rows]


def run_drafts(refs: list[str]) -> list[Draft]:
    """One for each method and setting of a request, once none of its runs is active."""
    runs = Run.objects.filter(pk__in=refs).exclude(state__in=Run.ACTIVE).select_related("method__arena").defer(
        *UNTOLD)
    groups: dict[tuple, list[Run]] = defaultdict(list)
    for run in runs:
        groups[run.request_key or f"run-{run.pk}", run.method_id, run.setting, run.scale].append(run)
    papers = papers_of({run.method_id for run in runs})
    drafts = [draft for of in groups.values() if (draft := _of_request(of[0], of, papers))]
    arenas = {run.method.arena_id for run in runs if run.state == Run.DONE and run.scale == "full"}
    followed = set(Follow.objects.filter(kind="arena", key__in=arenas).values_list("key", flat=True))
    all_happened("table", followed)
    return drafts


def _of_request(run: Run, ended: Sequence[Run], papers: Mapping[int, Subjects]) -> Draft | None:
    states = {each.state: 1 for each in ended} if not run.request_key else dict(Run.objects.filter(
        request_key=run.request_key, method=run.method_id, setting=run.setting, scale=run.scale).order_by(
        ).values_list("state").annotate(Count("pk")))
    if any(states.get(state) for state in Run.ACTIVE) or not (states.get(Run.DONE) or states.get(Run.FAILED)):
        return None  # the last one to end tells, and nobody where all were cancelled
    last = max(each.finished_at for each in ended if each.finished_at)
    counts = ", ".join(f"{states[state]} {state}" for state in (Run.DONE, Run.FAILED, Run.CANCELLED) if state in states)
    failed = [each for each in ended if each.state == Run.FAILED]
    query = urlencode({"request": run.request_key, "method": run.method.slug} if run.request_key else
                      {"arena": run.method.arena_id, "method": run.method.slug})
    subjects = _subjects(run.method, papers) | ({("runs", str(run.requested_by_id))} if run.requested_by_id else set())
    return Draft(
        RUN_FAILED if failed else RUN_DONE,
        f"runs:{run.request_key or run.pk}:{run.method_id}:{run.setting}:{run.scale}:{last:%Y%m%d%H%M%S%f}",
        f"{run.method.title} in {run.method.arena.title}, {run.setting}, {run.scale}: {counts}"[:300],
        f"{reverse('run_list')}?{query}", subjects, failed[0].cause[:1000] if failed else "")


def papers_of(methods: Iterable[int]) -> dict[int, Subjects]:
    """The papers that methods implement, as subjects."""
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for method, paper in PaperLink.objects.shown().implementing().filter(method__in=list(methods)).values_list(
            "method", "paper"):
        found[method].add(("paper", str(paper)))
    return {method: frozenset(papers) for method, papers in found.items()}


def _subjects(method: Method, papers: Mapping[int, Subjects]) -> Subjects:
    return frozenset({("method", method.key), ("arena", method.arena_id)}) | papers.get(method.pk, frozenset())


# Verdicts


class Turn(NamedTuple):
    """A verdict, the status before it ("" for a first one) and the last that was decided ("" for none)."""

    verdict: Verdict
    before: str
    decided_before: str

    @property
    def flipped(self) -> bool:
        """From confirmed to refuted or back, whatever lay between."""
        return self.verdict.status != Verdict.INCONCLUSIVE and bool(self.decided_before) \
            and self.decided_before != self.verdict.status

    @property
    def words(self) -> str:
        before = self.decided_before if self.flipped else self.before
        turn = f"{self.verdict.status}, before {before}" if before else self.verdict.status
        return f"{turn.capitalize()}: {sentence(ClaimStanding(self.verdict.claim, self.verdict))}"


def turns_of(verdicts: Sequence[Verdict]) -> list[Turn]:
    """With what stood before each, and their claims with methods and arenas; three queries."""
    with_parents(verdict.claim for verdict in verdicts)
    history: dict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
    for claim, scale, pk, status in Verdict.objects.filter(claim__in={v.claim_id for v in verdicts}).order_by(
            "pk").values_list("claim", "scale", "pk", "status"):
        history[claim, scale].append((pk, status))
    turns = []
    for verdict in verdicts:
        earlier = [status for pk, status in history[verdict.claim_id, verdict.scale] if pk < verdict.pk]
        decided = [status for status in earlier if status != Verdict.INCONCLUSIVE]
        turns.append(Turn(verdict, earlier[-1] if earlier else "", decided[-1] if decided else ""))
    return turns


def verdict_drafts(refs: list[str]) -> list[Draft]:
    """Of verdicts that turned; a claim's first one is none, and those from or to undecided are a kind of their own."""
    verdicts = list(Verdict.objects.filter(pk__in=refs, scale="full", claim__method__present=True).select_related(
        "claim__method__arena").order_by("pk"))
    papers = papers_of({verdict.claim.method_id for verdict in verdicts})
    drafts = []
    for turn in turns_of(verdicts):
        claim = turn.verdict.claim
        if turn.before and turn.before != turn.verdict.status:
            drafts.append(Draft(
                FLIPPED if turn.flipped else DECIDED, f"verdict:{turn.verdict.pk}", turn.words[:300],
                f"{reverse('claim_detail', args=[claim.pk])}#verdict-{turn.verdict.pk}",
                _subjects(claim.method, papers) | {("claim", str(claim.pk)), ("verdicts", ALL)},
                _evidence(turn.verdict)))
    return drafts


def _evidence(verdict: Verdict) -> str:
    words = evidence_in_words(ClaimStanding(verdict.claim, verdict))
    return f"{words[:1].upper()}{words[1:]}"


def newest_verdict(arguments: Mapping[str, Any], settled: bool) -> str:
    newest = Verdict.objects.order_by("-pk").values_list("pk", flat=True).first()
    return mark_of(newest) if newest else ""


def changed_claims(asked: Asked) -> list[Entry]:
    """Of a filtered ledger, the verdicts that are new or turned."""
    try:
        claims = ledger(read_state(asked.query)).rows.keys
    except LedgerError:
        return []
    verdicts = Verdict.objects.filter(scale="full")
    if asked.after:
        verdicts = verdicts.filter(pk__gt=int(asked.after))
    if asked.until:
        verdicts = verdicts.filter(pk__lte=int(asked.until))
    fitting = set(claims)
    pks = [pk for pk, claim in verdicts.order_by("-pk").values_list("pk", "claim") if claim in fitting]
    rows = Verdict.objects.filter(pk__in=pks[:4 * asked.limit]).select_related("claim__method__arena").order_by("-pk")
    return [Entry(turn.words, reverse("claim_detail", args=[turn.verdict.claim_id]), turn.verdict.decided_at,
                  _evidence(turn.verdict), key=f"verdict-{turn.verdict.pk}",
                  categories=(turn.verdict.claim.method.arena_id, turn.verdict.status))
            for turn in turns_of(list(rows)) if turn.before != turn.verdict.status][:asked.limit]


# Tables


def standing_of(table: Table) -> dict[str, list]:
    """Title and tier on the first metric, by method, of those that are measured."""
    first = table.primary.key
    return {row.method: [row.title, row.cells[first].tier] for row in table.rows if first in row.cells}


def table_drafts(refs: list[str]) -> list[Draft]:
    """Of the main tables of followed arenas: methods that changed their tier, came or went, once nothing runs there."""
    drafts = []
    busy = set(Run.objects.filter(state__in=Run.ACTIVE, method__arena__in=refs).values_list(
        "method__arena", flat=True))
    for arena in Arena.objects.filter(pk__in=set(refs) - busy, present=True):
        if not Follow.objects.filter(kind="arena", key=arena.pk).exists():
            continue
        now = standing_of(build_table(arena))
        row, first_look = Standing.objects.get_or_create(subject=f"arena:{arena.pk}", defaults={"value": now})
        if first_look or row.value == now:
            continue
        changes = _changes(row.value, now)
        Standing.objects.filter(pk=row.pk).update(value=now)
        if changes:
            newest = newest_end({"slug": arena.pk}, True)
            more = f"; and {len(changes) - NAMED} more" if len(changes) > NAMED else ""
            drafts.append(Draft(TABLE, f"table:{arena.pk}:{newest}", f"{arena.title}: the table changed",
                                reverse("arena_detail", args=[arena.pk]), frozenset({("arena", arena.pk)}),
                                "; ".join(changes[:NAMED]) + more))
    return drafts


def _changes(then: Mapping[str, list], now: Mapping[str, list]) -> list[str]:
    said = []
    for slug, (title, tier) in now.items():
        if slug not in then:
            said.append(f"{title} is new, tier {tier}")
        elif then[slug][1] != tier:
            said.append(f"{title}: tier {then[slug][1]} → {tier}")
    return said + [f"{title} is gone" for slug, (title, _) in then.items() if slug not in now]


def look_at_table(arena: str) -> None:
    """How it stands when somebody begins to follow it; the first of its followers starts from now."""
    if not Follow.objects.filter(kind="arena", key=arena).exists():
        Standing.objects.filter(subject=f"arena:{arena}").delete()
    all_happened("table", [arena])


def _arena(key: str, reader: Reader) -> Found | None:
    arena = Arena.objects.filter(pk=key).only("title").first()
    return Found(arena.pk, arena.title, reverse("arena_detail", args=[arena.pk])) if arena else None


def _claim(key: str, reader: Reader) -> Found | None:
    claim = Claim.objects.filter(pk=id_from(key) or 0).select_related("method").defer("method__source_code").first()
    return Found(str(claim.pk), statement(claim), reverse("claim_detail", args=[claim.pk])
                 ) if claim else None


def _all_verdicts(key: str, reader: Reader) -> Found | None:
    return Found(ALL, "every verdict that turns", reverse("claim_list"))


def _own_runs(key: str, reader: Reader) -> Found | None:
    return Found(str(reader.pk), "the runs I ask for", reverse("run_list")) if reader else None


def register(registry: Registry) -> None:
    registry.views["run_list"] = ViewKind("Runs", "ended runs", newest_end, ended_runs)
    registry.views["arena_detail"] = ViewKind("An arena's table", "new scores", newest_end, measured_methods)
    registry.views["claim_list"] = ViewKind("Claims", "verdicts", newest_verdict, changed_claims)
    registry.follows["arena"] = FollowKind("Arena", _arena, (FLIPPED, DECIDED, TABLE, RUN_DONE, RUN_FAILED),
                                           (DECIDED, RUN_DONE, RUN_FAILED), on_follow=look_at_table)
    registry.follows["claim"] = FollowKind("Claim", _claim, (FLIPPED, DECIDED), (DECIDED,))
    registry.follows["verdicts"] = FollowKind("Verdicts", _all_verdicts, (FLIPPED, DECIDED), (DECIDED,))
    registry.follows["runs"] = FollowKind("Runs", _own_runs, (RUN_DONE, RUN_FAILED))
    registry.happenings["run"].append(run_drafts)
    registry.happenings["verdict"].append(verdict_drafts)
    registry.happenings["table"].append(table_drafts)
