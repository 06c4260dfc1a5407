"""The arena pages: the list, and one arena as an article around its table."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from evaluations.arenas.drawn import arena_page, arena_stamp, drawn
from evaluations.arenas.table_part import chooser, table_part, whole_table
from evaluations.figures.registry import kinds
from evaluations.runs.selectors import fences_of
from evaluations.runs.stamps import nothing_new, results_stamp, stamp_of
from evaluations.snapshots.services import freeze_table, snapshot_list
from evaluations.tables.build import TableError
from evaluations.tables.cells import cell_runs
from evaluations.tables.state import TableState, default_state, read_state
from evaluations.tables.summaries import IN_MINIATURE, arena_cards
from methods.models import Arena, Method
from methods.selectors import broken_files, own_data_of, papers_implemented
from papers.bibliography.registry import NoSuchFormat
from papers.bibliography.responses import download
from papers.web import asked_part, may, page_or_fragment, part_of_page, wants_fragment

SHOWN = ("intervals", "cost", "forest")  # figures that the page draws itself
SNAPSHOTS = 3  # the newest, named under the table


def arena_list(request):
    body = drawn("arenas", results_stamp(), "evaluations/arenas/_arena_cards.html", lambda: {
        "cards": arena_cards(), "scope": IN_MINIATURE})
    return render(request, "evaluations/arenas/arena_list.html", {"body": body, "broken": broken_files()})


def arena_detail(request, slug):
    """An arena as an article around its table; a poll on which nothing has changed is answered without either."""
    broken = broken_files(arena=slug)
    if broken and not broken[0].method and not Arena.objects.filter(pk=slug).exists():
        return render(request, "methods/broken_file.html", {"broken": broken[0]})
    arena = get_object_or_404(Arena.objects.defer("source_code"), slug=slug)
    every = request.GET.get("rows") == "all"
    stamp = arena_stamp(arena)
    shown = stamp_of(stamp, request.get_full_path())
    if (unchanged := nothing_new(request, shown)) is not None:
        return unchanged
    try:
        state = read_state(arena, request.GET)
        part = table_part(arena, state, stamp, every=every) | {
            "may_freeze": request.user.has_perm("evaluations.add_snapshot"),
            "snapshots": snapshot_list(slug)[:SNAPSHOTS]}
        if asked_part(request) == "table-part":
            shown_as = [part["query"], "rows=all" if every else ""]
            return part_of_page(request, "evaluations/arenas/_table_part.html", part | {"renewed": True},
                                query="&".join(filter(None, shown_as)))
        page = arena_page(arena, state, stamp, every=every, x=request.GET.get("x", ""))
    except TableError as error:
        return render(request, "evaluations/arenas/arena_detail.html", {
            "arena": arena, "broken": broken, "error": str(error), "state": default_state(arena)}, status=400)
    context = part | chooser(whole_table(arena, state, stamp), page.variants) | {
        "page": page, "scope": IN_MINIATURE, "stamp": shown,
        "broken": broken, "refusal": next((file for file in broken if not (file.method or file.changed)), None),
        "settings": _tabs(arena, state), "proposals": page.proposals, "x": request.GET.get("x", ""),
        "whole_query": state.whole.query(arena),
        "figures": [(name, module.TITLE) for name, module in kinds().items() if name not in SHOWN],
    }
    if not wants_fragment(request):
        context |= {"fences": fences_of(), "own_data": own_data_of(arena)}
    return page_or_fragment(request, "evaluations/arenas/arena_detail.html", "evaluations/arenas/_arena_results.html",
                            context)


@require_safe
def arena_bibliography(request, slug):
    """The papers that the methods of exactly this table's rows implement, in the order of the rows."""
    arena = get_object_or_404(Arena.objects.defer("source_code"), slug=slug)
    try:
        table = read_state(arena, request.GET).build(arena)
        return download(papers_implemented(arena, list(dict.fromkeys(row.slug for row in table.rows))),
                        request.GET.get("format") or "bibtex", f"{slug}-papers")
    except (TableError, NoSuchFormat) as error:
        raise Http404(str(error)) from error


@may("evaluations.add_snapshot")
@require_POST
def snapshot_freeze(request, slug):
    """Keep the table that the form's `state` (URL parameters) describes."""
    arena = get_object_or_404(Arena, slug=slug)
    query = request.POST.get("state", "")
    try:
        snapshot = freeze_table(arena=arena, state=read_state(arena, QueryDict(query)), by=request.user,
                                title=request.POST.get("title", ""))
    except ValueError as error:
        messages.error(request, f"Nothing was frozen: {error}.")
        return redirect("arena_detail", slug)
    messages.success(request, "The table is frozen. This address keeps it as it is now.")
    return redirect("snapshot_detail", snapshot.key)


def cell_detail(request, slug, method):
    """The runs behind one number of an arena's table as it is today."""
    arena = get_object_or_404(Arena.objects.defer("source_code"), slug=slug)
    row = get_object_or_404(Method.objects.defer("source_code"), arena=arena, slug=method)
    try:
        cell = cell_runs(arena, row, request.GET.get("column") or arena.primary_metric["name"],
                         setting=request.GET.get("setting", ""), scale=request.GET.get("scale") or "full",
                         variant=request.GET.get("variant", ""))
    except TableError as error:
        raise Http404(str(error)) from error
    return render(request, "evaluations/arenas/cell_detail.html", {"arena": arena, "cell": cell})


def _tabs(arena: Arena, state: TableState) -> list[tuple[str, str, str, bool]]:
    """Name, title, link and whether it is the present one: every setting, then all side by side."""
    kept = {"metrics": (), "sort": ""}
    tabs = [(s["name"], s["title"], f"?{state.query(arena, setting=s['name'], view='metrics', **kept)}",
             state.view == "metrics" and s["name"] == state.setting) for s in arena.settings]
    if len(tabs) > 1:
        tabs.append(("all settings", "the first metric in every setting",
                     f"?{state.query(arena, view='settings', setting=default_state(arena).setting, **kept)}",
                     state.view == "settings"))
    return tabs

