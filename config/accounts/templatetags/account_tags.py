"""Template tags of accounts: times of computing, and what is left of a day's."""

from django import template

from config.accounts.budget import budget_of
from evaluations.claims import open_questions

register = template.Library()


@register.simple_tag(takes_context=True)
def budget(context) -> str:
    """What is left today of a runner's budget, as a sentence; empty for those without one."""
    found = budget_of(context["user"])
    return "" if found.limit is None else found.sentence


@register.filter
def duration(seconds: float) -> str:
    """A time as people say it."""
    return open_questions.duration(seconds) if seconds else "0 s"


@register.filter
def hours(seconds: int) -> str:
    return f"{seconds / 3600:g}"
