"""Seeds that the site asks for by itself: those that most likely decide an open claim, within a budget.

The rule of the looks bounds how often a verdict is false whichever claims are given seeds, so the choice is free: most
expected information per second first. A budget is in processor seconds. Each day's is the setting DECIDE_SECONDS, of
which nothing is asked while other runs wait; asked are a few minutes' worth at a time, so that what they tell is known
before the next. Every asking is kept with its reason (`Asked`). Where such a run failed or was cancelled, its method is
left to people in that setting until its code changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from evaluations.arithmetic import sequential
from evaluations.claims.open_questions import Outlook, open_questions
from evaluations.models import Asked, Run
from evaluations.runs import services
from evaluations.runs.requests import Question, find_target
from methods.models import Arena

AHEAD = 600.0  # processor seconds asked for at a time, unless one claim alone takes more
SHOWN = 25


@dataclass(frozen=True)
class DayBudget:
    """What the site may spend by itself in a day, and what it has spent and asked for since midnight."""

    limit: int
    spent: float

    @property
    def left(self) -> float:
        return max(0.0, self.limit - self.spent)


def ask_for_seeds(*, seconds: float, arena: Arena | None = None, scale: str = "full", ahead: float = AHEAD
                  ) -> list[Asked]:
    """Queue runs up to the next look of the claims that tell most per second, as many as fit into so many seconds.

    No more than `ahead` seconds' worth at once, unless the first claim takes more. A transaction each claim. Safe to
    repeat and to call at the same time: what is queued or measured is not asked again.
    """
    given_up, asked, taken = _given_up(scale), [], 0.0
    for outlook in open_questions(arena=arena, scale=scale).ranked:
        if taken >= ahead:
            break
        if outlook.work.seconds > seconds - taken or not outlook.chance:
            continue
        try:
            questions = find_target(f"claim:{outlook.claim}").questions or []
        except LookupError:
            continue  # the claim or a rival went while this was ranked
        if given_up & {(method.pk, setting, method.run_digest(setting, scale)) for method, setting in questions}:
            continue
        made = _ask(outlook, questions, scale)
        if made:
            taken += made.seconds
            asked.append(made)
    return asked


@transaction.atomic
def _ask(outlook: Outlook, questions: list[Question], scale: str) -> Asked | None:
    report = services.request_runs(methods=[], questions=questions, seeds=outlook.seeds, scale=scale)
    if not report.queued:
        return None  # a claim before this one has asked for them
    return Asked.objects.create(
        claim_id=outlook.claim, request_key=report.key, scale=scale, seeds=list(outlook.seeds), look=outlook.look,
        runs=len(report.queued), seconds=outlook.work.seconds * len(report.queued) / outlook.work.missing,
        chance=outlook.chance, information=outlook.information)


def _given_up(scale: str) -> set[tuple[int, str, str]]:
    """Methods, settings and codes of runs that were asked for here and came to nothing."""
    return set(Run.objects.filter(request_key__in=Asked.objects.values("request_key"), scale=scale,
                                  state__in=[Run.FAILED, Run.CANCELLED]).order_by().values_list(
        "method", "setting", "code_digest"))


def ask_within_the_day() -> list[Asked]:
    """What the day's budget still allows, while nobody else's runs wait; nothing where there is no budget."""
    if not settings.DECIDE_SECONDS or Run.objects.filter(state__in=Run.ACTIVE).exists() or not services.listening(
            "cpu"):
        return []
    return ask_for_seeds(seconds=day_budget().left)


def day_budget() -> DayBudget:
    """Three queries."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return DayBudget(settings.DECIDE_SECONDS, spent_on(Asked.objects.filter(asked_at__gte=midnight)))


def spent_on(asked: Iterable[Asked]) -> float:
    """Processor seconds that these runs took, and for those still to come what they are expected to take."""
    each = {of.request_key: of.seconds / of.runs for of in asked}
    rows = Run.objects.filter(request_key__in=each).order_by().values_list("request_key").annotate(
        took=Sum("seconds"), waiting=Count("pk", filter=Q(state__in=Run.ACTIVE)))
    return sum((took or 0.0) + waiting * each[key] for key, took, waiting in rows)


@dataclass(frozen=True)
class Asking:
    """One asking as a page tells it: what for, why, and what came of it."""

    asked: Asked
    states: dict[str, int]

    @property
    def why(self) -> str:
        """
        >>> Asking(Asked(look=20, runs=20, chance=0.41, information=0.31), {}).why
        'to be looked at with 20 seeds (look 2 of 4): a 41 % chance of a decision, 0.31 bit expected'
        """
        place = len(sequential.looks_at(self.asked.look))
        return (f"to be looked at with {self.asked.look} seeds (look {place} of {len(sequential.LOOKS)}): a "
                f"{self.asked.chance:.0%} chance of a decision, {self.asked.information:.2g} bit expected"
                ).replace("%", " %")

    @property
    def outcome(self) -> str:
        return ", ".join(f"{number} {state}" for state, number in sorted(self.states.items())) or "its runs are gone"

    def data(self) -> dict:
        """Ready for JSON."""
        of = self.asked
        return {"claim": of.claim_id, "seeds": of.seeds, "look": of.look, "runs": of.runs, "seconds": of.seconds,
                "chance": of.chance, "information": of.information, "asked_at": of.asked_at, "states": self.states,
                "request": of.request_key, "why": self.why}


def askings(*, arena: Arena | None = None) -> list[Asking]:
    """The last ones, the newest first; two queries."""
    found = Asked.objects.select_related("claim__method__arena").filter(claim__isnull=False)
    if arena is not None:
        found = found.filter(claim__method__arena=arena)
    rows = list(found[:SHOWN])
    states: dict[str, dict[str, int]] = {of.request_key: {} for of in rows}
    for key, state, number in Run.objects.filter(request_key__in=states).order_by().values_list(
            "request_key", "state").annotate(Count("pk")):
        states[key][state] = number
    return [Asking(of, states[of.request_key]) for of in rows]
