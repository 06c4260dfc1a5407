"""The pages of frozen tables, and the runs behind their numbers."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from evaluations.figures.kinds.intervals import interval_figure
from evaluations.models import Snapshot
from evaluations.snapshots import services
from evaluations.snapshots.changes import changes_since
from evaluations.tables.renderers.registry import formats
from evaluations.tables.table import FIRST_ROWS, Table
from methods.models import Arena
from papers.web import may

PER_PAGE = 30


def snapshot_list(request):
    arena = request.GET.get("arena", "").strip()
    page = Paginator(services.snapshot_list(arena), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "evaluations/snapshots/snapshot_list.html", {
        "page": page, "chosen": arena, "arenas": Snapshot.objects.order_by("arena").values_list(
            "arena", flat=True).distinct()})


def snapshot_detail(request, key):
    """A frozen table with its first rows, or all of them, and what has changed since."""
    snapshot = get_object_or_404(Snapshot.objects.select_related("frozen_by"), key=key)
    table = services.table_of(snapshot)
    arena = Arena.objects.defer("source_code").filter(pk=snapshot.arena).first()
    state = services.state_of(snapshot, arena)
    every = request.GET.get("rows") == "all"
    rows = table.rows if every else table.first_rows()
    records = [table.record(row) for row in rows]
    return render(request, "evaluations/snapshots/snapshot_detail.html", {
        "snapshot": snapshot, "table": table, "arena": {"slug": snapshot.arena, "title": table.title},
        "arena_is_there": arena is not None, "head": _headings(table), "intact": services.is_intact(snapshot),
        "body": [(*line, None) for line in zip(rows, records, table.lines(records), strict=True)],
        "cells_at": reverse("snapshot_detail", args=[key]) + "cells/", "cells_query": "",
        "figure": interval_figure(table, table.primary, None if every else FIRST_ROWS, {
            row.method: f"{reverse('snapshot_detail', args=[key])}cells/{quote(row.method)}/?"
                        f"{urlencode({'column': table.primary.key})}" for row in table.rows}),
        "changes": changes_since(snapshot, arena, state),
        "address": request.build_absolute_uri(reverse("snapshot_detail", args=[key])),
        "downloads": [(module.TITLE, name) for name, module in formats().items()],
        "codes": [(row.title, digest) for row in table.rows
                  for digest in dict.fromkeys(services.codes_of(snapshot).get(row.method, {}).values())],
        "may_change": request.user.has_perm("evaluations.change_snapshot")})


def snapshot_cell(request, key, method):
    """The scores in one frozen cell, with the runs they came from; `variant` is the key of a variant's row."""
    method = request.GET.get("variant") or method
    snapshot = get_object_or_404(Snapshot, key=key)
    column = request.GET.get("column", "").removesuffix("_difference")
    try:
        rows = services.frozen_runs(snapshot, method, column)
    except LookupError as error:
        raise Http404(str(error)) from error
    table = services.table_of(snapshot)
    return render(request, "evaluations/snapshots/snapshot_cell.html", {
        "snapshot": snapshot, "rows": rows, "column": table.column(column),
        "row": next(row for row in table.rows if row.method == method)})


@may("evaluations.change_snapshot")
@require_POST
def snapshot_retitle(request, key):
    get_object_or_404(Snapshot, key=key)
    try:
        services.retitle_snapshot(key=key, title=request.POST.get("title", ""), by=request.user)
    except ValueError as error:
        messages.error(request, f"Nothing was changed: {error}.")
    return redirect("snapshot_detail", key)


def _headings(table: Table) -> list[tuple]:
    """The headings of the page's table, without links to sort by."""
    columns = {column.key: column for column in table.columns}
    return [(heading, "", "", columns.get(key), key) for key, heading in
            [("title", "Method"), ("", "Tier"), ("", "Rank"), ("", "Seeds"), *table.headings()[1:]]]
