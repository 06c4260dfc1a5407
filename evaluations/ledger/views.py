"""The pages of the claim ledger, and the badges that show verdicts elsewhere."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control
from django.views.decorators.http import condition, require_safe

from evaluations.arithmetic.sequential import FUTILE, LOOKS
from evaluations.claims.deciding import askings, day_budget
from evaluations.claims.false_discoveries import ledger_errors
from evaluations.claims.open_questions import open_questions, proposals
from evaluations.figures.kinds.forest import forest_figures
from evaluations.ledger import badges
from evaluations.ledger.api import FORMATS
from evaluations.ledger.ledger import (
    KINDS,
    OLDER_CODE,
    OUTCOMES,
    POWERS,
    REPORTED,
    SCOPE,
    SORTS,
    TEST,
    LedgerError,
    LedgerState,
    choices,
    claim_page,
    ledger,
    read_state,
    standings_to_draw,
)
from evaluations.models import Claim
from methods.models import Arena, Method
from papers.paging import LongPaginator

PER_PAGE, REPORTED_PER_PAGE = 25, 10
DRAWN = 40  # claims in an arena's plot
FRESH = 300  # seconds for which a badge may be shown without asking again


@require_safe
def claim_list(request):
    try:
        state = read_state(request.GET)
    except LedgerError as error:
        return render(request, "evaluations/ledger/ledger.html", {"error": str(error), "state": LedgerState()},
                      status=400)
    found = ledger(state)
    page = Paginator(found.rows, PER_PAGE).get_page(request.GET.get("page"))
    reported = LongPaginator(found.reported, REPORTED_PER_PAGE).get_page(request.GET.get("reported_page"))
    return render(request, "evaluations/ledger/ledger.html", {
        "state": state, "ledger": found, "page": page, "reported": reported, "choices": choices(state),
        "tabs": _tabs(found), "kinds": KINDS.items(), "powers": POWERS.items(), "sorts": SORTS.items(),
        "show_reported": state.kind == REPORTED or not state.measured_only,
        "downloads": [(title, "&".join(filter(None, (state.query(), f"format={name}"))))
                      for name, title in FORMATS.items()],
        "figures": forest_figures(standings_to_draw(found, DRAWN)) if state.arena else (),
        "drawn": DRAWN,
        "proposals": proposals([row.standing for row in page]), "scope": SCOPE, "test": TEST,
        "errors": ledger_errors(arena=state.arena)})


def _tabs(found) -> list[tuple[str, int, str, bool]]:
    """Name, number, address and whether it is the present one: all claims, then those of each verdict there is."""
    state = found.state
    every = [("all", sum(found.counts.values()), state.query(verdict=""), not state.verdict)]
    return every + [(status, found.counts[status], state.query(verdict=status), state.verdict == status)
                    for status in OUTCOMES if status != OLDER_CODE or found.counts[status] or state.verdict == status]


@require_safe
def claim_detail(request, pk):
    claim = get_object_or_404(Claim.objects.select_related("method__arena"), pk=pk)
    if not claim.method.present:
        raise Http404("the method of this claim is not there any more")
    page = claim_page(claim)
    return render(request, "evaluations/ledger/ledger_claim.html", {
        "page": page, "claim": page.row.claim, "standing": page.row.standing, "verdict": page.row.verdict,
        "proposals": proposals([page.row.standing]), "figures": forest_figures([page.row.standing]), "scope": SCOPE,
        "test": TEST})


@require_safe
def claim_open(request):
    slug = request.GET.get("arena", "")
    arena = get_object_or_404(Arena, pk=slug) if slug else None
    found = open_questions(arena=arena)
    page = Paginator(found.proposals, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "evaluations/ledger/ledger_open.html", {
        "found": found, "page": page, "under_way": found.under_way[:PER_PAGE],
        "out_of_reach": found.out_of_reach[:PER_PAGE], "shown": PER_PAGE, "arena": arena,
        "arenas": Arena.objects.filter(present=True),
        "query": f"arena={slug}" if slug else "", "scope": SCOPE, "askings": askings(arena=arena),
        "budget": day_budget(), "looks": LOOKS, "futile": FUTILE})


def _badge_key(request, **names) -> str | None:
    found = badges.find(**names)
    return badges.etag(found) if found else None


@require_safe
@condition(etag_func=_badge_key)
def badge_of_paper(request, key):
    return _badge(badges.find(key=key))


@require_safe
@condition(etag_func=_badge_key)
def badge_of_method(request, arena, slug):
    get_object_or_404(Method, arena=arena, slug=slug)
    return _badge(badges.find(arena=arena, slug=slug))


def _badge(badge: badges.Badge | None) -> HttpResponse:
    if badge is None:
        raise Http404("there is no such badge")
    response = HttpResponse(render_to_string("evaluations/ledger/ledger_badge.svg", {"badge": badge}),
                            content_type="image/svg+xml; charset=utf-8")
    patch_cache_control(response, public=True, max_age=FRESH)
    return response
