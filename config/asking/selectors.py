"""Requests for runs as pages and the API show them."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import QuerySet

from config.asking.models import Ask
from evaluations.claims.open_questions import duration, request_estimate
from evaluations.runs.requests import find_target, parse_seeds

ADDRESS = {"method": "/methods/{}/", "arena": "/arenas/{}/", "paper": "/papers/{}/", "claim": "/claims/{}/"}


@dataclass(frozen=True)
class Asked:
    """A request, where its target is shown, and what it would take (empty where it is answered)."""

    ask: Ask
    address: str
    outlook: str


def asks(user: User, *, state: str = "", mine: bool = False) -> QuerySet[Ask]:
    """Everybody's for those who can answer, else one's own; newest first."""
    found = Ask.objects.select_related("by", "answered_by")
    if mine or not user.has_perm("evaluations.add_run"):
        found = found.filter(by=user)
    return found.filter(state=state) if state else found


def waiting(user: User) -> int:
    """How many requests wait for an answer of this person."""
    return Ask.objects.filter(state=Ask.OPEN).count() if user.has_perm("evaluations.add_run") else 0


def asked(ask: Ask) -> Asked:
    return Asked(ask, address_of(ask), _outlook(ask) if ask.state == Ask.OPEN else "")


def address_of(ask: Ask) -> str:
    """The page of what is to be run."""
    kind, _, key = ask.target.partition(":")
    return ADDRESS[kind].format(key)


def _outlook(ask: Ask) -> str:
    """How many runs are missing and how long they take."""
    try:
        target = find_target(ask.target)
        seeds = parse_seeds(ask.seeds)
    except (LookupError, ValueError) as error:
        return f"It cannot be run any more: {error}."
    estimate = request_estimate(target.methods, ask.setting, scale=ask.scale, seeds=seeds)
    return f"{estimate.missing} runs are missing: about {duration(estimate.wall_seconds)} on this machine." \
        if estimate.missing else "All of it is measured."
