"""Whoever asked for runs is told what became of it: the answer, and how the runs ended."""

from __future__ import annotations

from collections import Counter

from django.urls import reverse
from django.utils.http import urlencode

from config.asking.models import Ask
from config.asking.selectors import address_of
from evaluations.models import Run
from papers.following.registry import ANSWERED, Draft, Registry

BECAUSE = "you asked for it"
ORDER = (Run.DONE, Run.FAILED, Run.CANCELLED)


def answers(refs: list[str]) -> list[Draft]:
    """Of requests that were granted or declined."""
    asks = Ask.objects.filter(pk__in=refs, state__in=[Ask.GRANTED, Ask.DECLINED]).select_related("answered_by")
    return [Draft(ANSWERED, f"ask:{ask.pk}:{ask.state}", f"{ask.state.capitalize()}: runs of {ask.title}"[:300],
                  _runs_of(ask), frozenset(), _answer(ask), to={ask.by_id: BECAUSE}) for ask in asks]


def _answer(ask: Ask) -> str:
    words = f"{ask.answered_by or 'Somebody'}: “{ask.word}”. " if ask.word else f"By {ask.answered_by or 'somebody'}. "
    if ask.state == Ask.GRANTED:
        words += "The runs are on their way; you are told how they end." if ask.request_key else \
            "All of it is measured already."
    return words.strip()


def _runs_of(ask: Ask) -> str:
    return f"{reverse('run_list')}?{urlencode({'request': ask.request_key})}" if ask.request_key else address_of(ask)


def ends(refs: list[str]) -> list[Draft]:
    """Of granted requests of which no run is active any more."""
    keys = set(Run.objects.filter(pk__in=refs).exclude(request_key="").values_list("request_key", flat=True))
    asks = Ask.objects.filter(request_key__in=keys, state=Ask.GRANTED) if keys else ()
    return [draft for ask in asks if (draft := _ended(ask))]


def _ended(ask: Ask) -> Draft | None:
    runs = list(Run.objects.filter(request_key=ask.request_key).order_by("finished_at", "pk").values_list(
        "state", "cause", "finished_at"))
    states = Counter(state for state, _, _ in runs)
    if any(states[state] for state in Run.ACTIVE):
        return None
    failed = [cause for state, cause, _ in runs if state == Run.FAILED]
    outcome = "Failed" if failed and not states[Run.DONE] else "Finished" if states[Run.DONE] else "Cancelled"
    counts = ", ".join(f"{states[state]} {state}" for state in ORDER if states[state])
    return Draft(ANSWERED, f"ask:{ask.pk}:ended:{max(at for _, _, at in runs if at):%Y%m%d%H%M%S%f}",
                 f"{outcome}: runs of {ask.title}, {counts}"[:300], _runs_of(ask), frozenset(),
                 f"The first failure: {failed[0][:1000]}" if failed else "", to={ask.by_id: BECAUSE})


def register(registry: Registry) -> None:
    registry.happenings["ask"].append(answers)
    registry.happenings["run"].append(ends)
