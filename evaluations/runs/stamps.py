"""A short text that changes whenever what is shown of results may change: the key of what is kept and of polls."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from django.db.models import Count, Max, Q
from django.http import HttpResponse

from evaluations.models import Claim, Run, Verdict
from methods.models import Arena, Method
from papers.web import HtmxRequest, page_or_fragment, wants_fragment

Value = TypeVar("Value")
METHOD = ("pk", "slug", "title", "year", "fidelity", "present", "code_digest", "read_from")
ARENA = ("pk", "title", "question", "metrics", "settings", "scales", "baseline", "present")
KEPT_SECONDS = 24 * 3600


def results_stamp(arena: str = "") -> str:
    """Of one arena, or of all: its runs by method, state and code, claims, verdicts, methods and arenas; five queries.

    Runs change by their state, by being finished anew and by counting for other code; progress is left out.
    """
    methods, arenas = Method.objects.order_by("pk"), Arena.objects.order_by("pk")
    runs, claims, verdicts = Run.objects.order_by(), Claim.objects.order_by(), Verdict.objects.order_by()
    if arena:
        methods, arenas = methods.filter(arena=arena), arenas.filter(pk=arena)
        runs, claims = runs.filter(method__arena=arena), claims.filter(method__arena=arena)
        verdicts = verdicts.filter(claim__method__arena=arena)
    return stamp_of(
        list(runs.values_list("method", "state", "code_digest").annotate(
            Count("pk"), Max("pk"), Max("finished_at")).order_by("method", "state", "code_digest")),
        claims.aggregate(Count("pk"), Max("pk")),
        verdicts.aggregate(Count("pk"), Max("pk"), current=Count("pk", filter=Q(current=True))),
        list(methods.values_list(*METHOD)), list(arenas.values_list(*ARENA)))


def stamp_of(*facts: object) -> str:
    """A short text of anything whose `repr` tells it apart."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:20]


def kept(name: str, stamp: str, make: Callable[[], Value]) -> Value:
    """What `make` returned for this stamp before, from the cache, else what it returns now; the newest is kept."""
    entry = cache.get(name)
    if entry is None or entry[0] != stamp:
        entry = stamp, make()
        cache.set(name, entry, KEPT_SECONDS)
    return entry[1]


SEEN = "Seen"  # a header by which a poll says what it shows
EMPTY = "evaluations/runs/_nothing_new.html"


def nothing_new(request: HtmxRequest, stamp: str) -> HttpResponse | None:
    """The answer to a poll that shows all there is, 204, which leaves the page as it is; None when there is more."""
    if wants_fragment(request) and request.headers.get(SEEN) == stamp:
        return page_or_fragment(request, EMPTY, EMPTY, {}, status=204)
    return None
