"""A figure's page, with the numbers behind it, and its files."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.html import escape
from django.views.decorators.http import require_safe

from evaluations.figures.asked import EVERY, Asked
from evaluations.figures.figure import FigureError, NothingToDraw
from evaluations.figures.registry import (
    drawn_figure,
    figures_stamp,
    kind_of,
    kinds,
    query_of,
    read_asked,
    refuse_unknown,
)
from evaluations.figures.standalone import FORMATS, contents
from evaluations.runs.stamps import kept, stamp_of
from evaluations.tables.build import TableError
from methods.models import Arena

VERSION = 1  # of how figures are drawn: another one makes every file new to those who keep it


@require_safe
def figure_page(request, slug, kind):
    """The figure with the table behind it, what can be chosen, and its files."""
    arena = get_object_or_404(Arena.objects.defer("source_code"), slug=slug)
    context = {"arena": arena, "kinds": [(name, module.TITLE) for name, module in kinds().items()], "kind": kind}
    try:
        module = kind_of(kind)
    except FigureError as error:
        return render(request, "evaluations/figures/figure_page.html", context | {"error": str(error)}, status=404)
    context |= {"title": module.TITLE, "about": module.ABOUT}
    try:
        asked = read_asked(arena, kind, request.GET)
        name = f"figure-page-{slug}-{kind}-{stamp_of(asked.state, sorted(asked.options.items()), asked.most)}"
        body = kept(name, stamp := figures_stamp(slug), lambda: render_to_string(
            "evaluations/figures/_figure_page.html", _body(kind, asked, stamp)))
    except (FigureError, TableError) as error:
        return render(request, "evaluations/figures/figure_page.html", context | {"error": str(error)}, status=400)
    return render(request, "evaluations/figures/figure_page.html", context | {
        "body": body, "query": asked.state.query(arena)})


def _body(kind: str, asked: Asked, stamp: str) -> dict[str, Any]:
    module, state, arena = kind_of(kind), asked.state, asked.arena
    context: dict[str, Any] = {
        "arena": arena, "kind": kind, "state": state, "column": asked.column, "query": query_of(asked),
        "options": [(name, module.OPTIONS[name], of, asked.options.get(name, "")) for name, of in
                    (module.choices(asked) if hasattr(module, "choices") else {}).items() if len(of) > 1],
        "hidden": [(name, value) for name in ("methods", "fidelity") for value in getattr(state, name)]
                  + [(name, getattr(state, name)) for name in ("q", "tier", "year", "most_of", "most")
                     if getattr(state, name)],
        "every": EVERY, "most": asked.most}
    try:
        return context | {"figure": drawn_figure(kind, asked, stamp)}
    except NothingToDraw as error:
        return context | {"reason": str(error)}


@require_safe
def figure_file(request, slug, kind, form):
    """The figure as SVG, PNG or CSV; words and a status where there is none."""
    arena = get_object_or_404(Arena.objects.defer("source_code"), slug=slug)
    try:
        return file_response(request, arena, kind, form)
    except NothingToDraw as error:
        return _refusal(f"There is no such figure: {error}.", 404)
    except (FigureError, TableError) as error:
        return _refusal(f"There is no such figure: {error}.", 400)


def file_response(request: HttpRequest, arena: Arena, kind: str, form: str) -> HttpResponse:
    """304 where the reader has it already. Raises FigureError or TableError for what there is not."""
    if form not in FORMATS:
        raise FigureError(f"there is no format {form[:20]}; there are {', '.join(FORMATS)}")
    refuse_unknown(kind, request.GET)
    asked, stamp = read_asked(arena, kind, request.GET), figures_stamp(arena.slug)
    host = request.build_absolute_uri("/")
    etag = f'"{stamp_of(VERSION, stamp, host, kind, form, query_of(asked))}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        figure = drawn_figure(kind, asked, stamp)
        body = contents(figure, form, request.build_absolute_uri(figure.page))
        response = HttpResponse(body, content_type=FORMATS[form], headers={
            "Content-Disposition": f'inline; filename="{arena.slug}-{kind}.{form}"'})
    response.headers["ETag"] = etag
    patch_cache_control(response, no_cache=True)
    return response


def _refusal(words: str, status: int) -> HttpResponse:
    return HttpResponse(escape(words), status=status, content_type="text/plain; charset=utf-8")
