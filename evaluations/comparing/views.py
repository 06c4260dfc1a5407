"""The page on which anything is compared; without a choice, the arenas at a glance and the methods they share."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from evaluations.arenas.across import BLOCKS, across
from evaluations.arenas.drawn import drawn
from evaluations.comparing.choice import KINDS, MOST, Choice, asks, read_choice
from evaluations.comparing.curves import CurveChoice, curve_figures, read_curve_choice
from evaluations.comparing.record import comparison_csv, comparison_record, comparison_stamp
from evaluations.figures.figure import FigureError
from evaluations.figures.kinds.ranks import ladder_figure
from evaluations.figures.standalone import FORMATS, contents
from evaluations.runs.stamps import results_stamp, stamp_of
from methods.models import Method
from papers.models import SearchText
from papers.search.fusion import similar
from papers.search.query import Filters

NEAREST = 3  # methods of the same arena beside one
RANKED = ("Dot: average rank over the blocks, 1 is best. Bar, with three methods or more: half a critical difference "
          "to each side.")
LOOKED_AT = 40  # nearest methods of all arenas, of which those of the arena are taken


@require_safe
def compare(request):
    if address := _address_of(request.GET):
        return redirect(address)
    if asks(request.GET):
        return _chosen(request, read_choice(request.GET))
    chosen = [key for key in request.GET.getlist("methods") if key]
    blocks = request.GET.get("blocks", "")
    blocks = blocks if blocks in BLOCKS else BLOCKS[0]
    body = drawn(f"compare-{stamp_of(chosen, blocks)}", results_stamp(), "evaluations/comparing/_across.html",
                 lambda: _across(chosen, blocks))
    return render(request, "evaluations/comparing/compare.html", {"body": body})


def _chosen(request, choice: Choice) -> HttpResponse:
    stamp = comparison_stamp(choice)
    curves = read_curve_choice(request.GET)
    record = comparison_record(choice, stamp, curves)
    if request.GET.get("format") == "csv":
        return HttpResponse(comparison_csv(record), content_type="text/csv; charset=utf-8", headers={
            "Content-Disposition": 'attachment; filename="comparison.csv"'})
    query = choice.query()
    body = drawn(f"comparing-{stamp_of(query, choice.notes, curves)}", stamp, "evaluations/comparing/_comparison.html",
                 lambda: {"found": record, "query": query, "state": [each.part for each in choice.contestants],
                          "more": _more(choice), "curves": curves, "arenas": [
                              (of, curve_figures(of, _query(choice, curves))) for of in record["arenas"]]})
    return render(request, "evaluations/comparing/comparison.html", {"found": record, "body": body})


@require_safe
def curve_file(request, arena, form):
    """The curves of what is compared, of one arena and one recorded value, as SVG, PNG or CSV."""
    choice, curves = read_choice(request.GET), read_curve_choice(request.GET)
    record = comparison_record(choice, comparison_stamp(choice), curves)
    query = _query(choice, curves)
    figures = [figure for of in record["arenas"] if of["arena"] == arena for figure in curve_figures(of, query)]
    value = request.GET.get("value", "")
    chosen = [figure for figure in figures if not value or figure.query.endswith(urlencode({"value": value}))]
    if not chosen:
        raise Http404("no such curve is recorded of what is compared")
    try:
        body = contents(chosen[0], form, f"{request.build_absolute_uri(reverse('arena_compare'))}?{query}")
    except FigureError as error:
        return HttpResponse(f"There is no such figure: {escape(error)}.", status=400,
                            content_type="text/plain; charset=utf-8")
    return HttpResponse(body, content_type=FORMATS[form], headers={
        "Content-Disposition": f'inline; filename="comparison-{arena}.{form}"'})


def _query(choice: Choice, curves: CurveChoice) -> str:
    return "&".join(filter(None, (choice.query(), curves.query)))


def _more(choice: Choice) -> list[Method]:
    """What can be added: the other methods of the arenas, none where there is no more room."""
    if len(choice.contestants) >= MOST:
        return []
    return list(Method.objects.filter(present=True, arena__in={each.method.arena_id for each in choice.contestants})
                .exclude(pk__in=[each.method.pk for each in choice.contestants if not each.params])
                .only("slug", "title", "arena_id").order_by("title"))


def _across(chosen: list[str], blocks: str) -> dict[str, Any]:
    comparison = across(chosen, blocks)
    ranks = comparison.reading.comparison
    return {"found": comparison, "kinds": BLOCKS,
            "figure": ladder_figure(ranks, comparison.reading.titles, comparison.blocks, RANKED) if ranks else None}


def _address_of(query: QueryDict) -> str:
    """Where a choice in other words leads: ticked rows (`paper:12`, `method:arena/slug`), or a method's nearest."""
    pairs = [(kind, value) for kind, values in query.lists() if kind in KINDS for value in values]
    pairs += [(kind, key) for kind, _, key in (text.partition(":") for text in query.getlist("ticked"))
              if kind in KINDS and key]
    if "nearest" in query and len(pairs) == 1 and pairs[0][0] == "method":
        pairs += [("method", key) for key in _nearest(pairs[0][1])]
    elif "ticked" not in query:
        return ""
    return f"{reverse('arena_compare')}?{urlencode(pairs)}"


def _nearest(key: str) -> list[str]:
    """The methods of the same arena whose texts are nearest; none for a method that no search knows."""
    arena = key.partition("/")[0]
    try:
        found = similar(kind=SearchText.METHOD, key=key, filters=Filters(kinds=(SearchText.METHOD,)), limit=LOOKED_AT)
    except SearchText.DoesNotExist:
        return []
    return [hit.key for hit in found.hits if hit.key.partition("/")[0] == arena][:NEAREST]
