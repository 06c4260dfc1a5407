"""Background work on results."""

from celery import shared_task

from evaluations.claims.deciding import ask_within_the_day
from evaluations.claims.verdicts import update_verdicts
from evaluations.reported.services import read_new_abstracts
from methods.models import Arena


@shared_task(name="evaluations.update_verdicts")
def update_arena_verdicts(arena_slug: str) -> int:
    """Bring an arena's verdicts up to date; returns how many changed."""
    return len(update_verdicts(arena=Arena.objects.get(pk=arena_slug)))


@shared_task(name="evaluations.decide_open")
def decide_open() -> int:
    """Ask for seeds that decide open claims, within the day's budget; returns for how many claims."""
    return len(ask_within_the_day())


@shared_task(name="evaluations.extract_reported")
def extract_reported() -> int:
    """Read new and changed abstracts for the numbers they report; returns how many."""
    return read_new_abstracts()
