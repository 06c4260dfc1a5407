"""How much a runner may have computed in a day, in processor seconds: what is left, and when a request is too much.

A day's spending is what runs requested since midnight took, and for those that wait or run what such runs take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from config.accounts.models import Allowance
from evaluations.claims.open_questions import RunTimes, duration
from evaluations.models import Run
from evaluations.runs.extensions import OverBudget
from methods.models import Method
from papers import history


@dataclass(frozen=True)
class Budget:
    """A person's day in processor seconds; `limit` is None for those without one."""

    limit: int | None
    used: float  # by runs that have ended
    waiting: float  # expected of those that have not

    @property
    def spent(self) -> float:
        return self.used + self.waiting

    @property
    def left(self) -> float | None:
        return None if self.limit is None else max(self.limit - self.spent, 0.0)

    @property
    def sentence(self) -> str:
        """What is left, as a page says it before a request."""
        if self.limit is None or self.left is None:
            return "Your runs have no daily limit."
        return f"You have about {duration(self.left)} of {duration(self.limit)} of processor time left today."


def budget_of(user: User) -> Budget:
    """Three queries, and one for each scale of what waits."""
    today = Run.objects.filter(requested_by=user, requested_at__gte=_midnight())
    used = today.exclude(state__in=Run.ACTIVE).aggregate(all=Sum("seconds"))["all"] or 0.0
    waiting = today.filter(state__in=Run.ACTIVE).order_by().values_list("method", "setting", "scale")
    return Budget(_limit(user), used, _expected(waiting))


def used_today(people: Iterable[User]) -> dict[int, float]:
    """Processor seconds that today's ended runs of these people took, by primary key; one query."""
    return dict(Run.objects.filter(requested_by__in=list(people), requested_at__gte=_midnight()).exclude(
        state__in=Run.ACTIVE).order_by().values_list("requested_by").annotate(Sum("seconds", default=0.0)))


def _midnight() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def _limit(user: User) -> int | None:
    if user.is_superuser or user.has_perm("accounts.manage_people"):
        return None
    own = Allowance.objects.filter(user=user).values_list("seconds_a_day", flat=True).first()
    return settings.RUNNER_SECONDS_A_DAY if own is None else own


def _expected(questions: Iterable[tuple[int, str, str]]) -> float:
    """Seconds that runs of these methods, settings and scales take, by what such runs have taken."""
    counts = Counter(questions)
    if not counts:
        return 0.0
    methods = Method.objects.select_related("arena").defer("source_code", "arena__source_code").in_bulk(
        {method for method, _, _ in counts})
    total = 0.0
    for wanted in {scale for _, _, scale in counts}:
        of = {key: count for key, count in counts.items() if key[2] == wanted}
        times = RunTimes([methods[method] for method in {method for method, _, _ in of}], wanted)
        total += sum(count * times.of(methods[method], setting)[0] for (method, setting, _), count in of.items())
    return total


def check(user: User | None, wanted: Sequence[Run]) -> None:
    """Whether these runs fit into what the person has left today. Raises OverBudget with a sentence."""
    if user is None or not wanted or _limit(user) is None:
        return
    if connection.features.has_select_for_update:
        User.objects.select_for_update().get(pk=user.pk)  # two requests at once are looked at one after the other
    budget = budget_of(user)
    needed = _expected((run.method_id, run.setting, run.scale) for run in wanted)
    left = budget.left or 0.0
    if needed > left:
        raise OverBudget(
            (f"These {len(wanted)} runs take" if len(wanted) > 1 else "This run takes")
            + f" about {duration(needed)}, and "
            + (f"{duration(left)} of today's {duration(budget.limit or 0)} of processor time are left. Ask for fewer "
               "seeds or methods, or an administrator for more." if left else
               f"today's {duration(budget.limit or 0)} of processor time are spent. The next day begins at midnight, "
               f"{timezone.get_current_timezone_name()}."))


@transaction.atomic
def allow(*, account: User, seconds: int | None, by: User) -> None:
    """Let a person have so much computed a day; None for what all runners may."""
    if seconds is None:
        Allowance.objects.filter(user=account).delete()
    else:
        Allowance.objects.update_or_create(user=account, defaults={"seconds_a_day": seconds})
    history.record("changed the budget of", f"account:{account.pk}", by=by,
                   words=f"{account}: {'as all runners' if seconds is None else f'{duration(seconds)} a day'}")
