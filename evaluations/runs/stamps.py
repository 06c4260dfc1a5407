"""A short text that changes whenever what is shown of results may change: the key of what is kept and of polls."""

from __future__ import annotations

from functools import partial

from django.db import connection
from django.db.models import Count, Max, Q, QuerySet, Subquery, Sum
from django.http import HttpResponse

from evaluations.models import Claim, ReportedClaimEdit, Run, Verdict
from methods.models import Arena, Method
from papers import keeping
from papers.keeping import stamp_of
from papers.web import HtmxRequest, page_or_fragment, wants_fragment

kept = partial(keeping.kept, shared=True)  # results take seconds to compute where there are many

__all__ = ["kept", "nothing_new", "results_stamp", "stamp_of"]

_NEWEST_DECISION = ReportedClaimEdit.objects.order_by("-pk").values("pk")[:1]  # of any paper: what stands beside scores
METHOD = ("pk", "slug", "title", "year", "fidelity", "present", "code_digest", "read_from")
ARENA = ("pk", "title", "question", "metrics", "settings", "scales", "baseline", "present")


def results_stamp(arena: str = "") -> str:
    """Of one arena, or of all: its runs by method, state and code, claims, verdicts, methods and arenas; five queries.

    Runs change by their state, by being finished anew and by counting for other code; progress is left out. A verdict
    of a family whose other claims changed is renewed in place: its numbers are added up here, so that this shows.
    """
    methods, arenas = Method.objects.order_by("pk"), Arena.objects.order_by("pk")
    runs, claims, verdicts = Run.objects.order_by(), Claim.objects.order_by(), Verdict.objects.order_by()
    if arena:
        methods, arenas = methods.filter(arena=arena), arenas.filter(pk=arena)
        runs, claims = runs.filter(method__arena=arena), claims.filter(method__arena=arena)
        verdicts = verdicts.filter(claim__method__arena=arena)
    return stamp_of(
        _as_stored(runs.values_list("method", "state", "code_digest").annotate(
            Count("pk"), Max("pk"), Max("finished_at")).order_by("method", "state", "code_digest")),
        claims.aggregate(Count("pk"), Max("pk"), reported=Max(Subquery(_NEWEST_DECISION))),
        verdicts.aggregate(Count("pk"), Max("pk"), Sum("p_value"), Sum("power"), Sum("seeds_needed"),
                           current=Count("pk", filter=Q(current=True))),
        _as_stored(methods.values_list(*METHOD)), _as_stored(arenas.values_list(*ARENA)))


def _as_stored(rows: QuerySet) -> list[tuple]:
    """The values as the database has them: making moments and lists of them takes longer than reading them."""
    with connection.cursor() as cursor:
        cursor.execute(*rows.query.sql_with_params())
        return cursor.fetchall()


SEEN = "Seen"  # a header by which a poll says what it shows
EMPTY = "evaluations/runs/_nothing_new.html"


def nothing_new(request: HtmxRequest, stamp: str) -> HttpResponse | None:
    """The answer to a poll that shows all there is, 204, which leaves the page as it is; None when there is more."""
    if wants_fragment(request) and request.headers.get(SEEN) == stamp:
        return page_or_fragment(request, EMPTY, EMPTY, {}, status=204)
    return None
