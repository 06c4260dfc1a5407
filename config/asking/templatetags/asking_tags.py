"""Template tags of requests for runs."""

from django import template

from config.asking import selectors

register = template.Library()


@register.simple_tag(takes_context=True)
def asks_waiting(context) -> int:
    """How many requests wait for an answer of whoever looks; one query for those who can answer, none for others."""
    return selectors.waiting(context["user"])
