"""Comparisons as data: the record behind the page."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from ninja import Query, Router
from ninja.errors import HttpError

from evaluations.arenas.across import ARENAS, BLOCKS, across, across_record
from evaluations.comparing.choice import MOST_NAMED, asks, read_choice
from evaluations.comparing.curves import read_curve_choice
from evaluations.comparing.record import comparison_csv, comparison_record, comparison_stamp
from evaluations.runs.stamps import kept, results_stamp, stamp_of
from papers.parameters import MOST_ROWS, Id, Page, Word

router = Router(tags=["statistics"])
FORMATS = ("json", "csv")


@router.get("/compare", response=dict[str, Any], summary="Methods, papers and runs beside each other; or all arenas")
def get_comparison(request, page: Query[Page], methods: list[Word] = Query([], max_length=MOST_ROWS),  # noqa: B008
                   blocks: str = ARENAS, method: list[Word] = Query([], max_length=MOST_NAMED),  # noqa: B008
                   paper: list[Id] = Query([], max_length=MOST_NAMED),  # noqa: B008
                   run: list[Id] = Query([], max_length=MOST_NAMED), setting: Word = "",  # noqa: B008
                   by: Word = "", curves: Word = "", format: str = "json"):
    """With any `method` (arena/slug), `paper` (stands for the methods that implement it) or `run`: these beside each
    other, the first as baseline, in `setting` where their arena has it; `format=csv` is a file of the scores. Lines of
    the curves are methods, or by `by` settings or the values of a hyperparameter; with `curves=differences` they are
    differences to the first, seed by seed. Without,
    the arenas at a glance and the methods that several share: `limit` and `offset` say which part of both lists,
    `count` how many there are."""
    if format not in FORMATS:
        raise HttpError(400, f"there is no format {format}; there are {', '.join(FORMATS)}")
    if asks(request.GET):
        choice = read_choice(request.GET)
        record = comparison_record(choice, comparison_stamp(choice), read_curve_choice(request.GET))
        return HttpResponse(comparison_csv(record), content_type="text/csv; charset=utf-8") if format == "csv" \
            else record
    if blocks not in BLOCKS:
        raise HttpError(400, f"there are no blocks {blocks}; there are {', '.join(BLOCKS)}")
    record = kept(f"comparison-{stamp_of(methods, blocks)}", results_stamp(),
                  lambda: across_record(across(methods, blocks)))
    lists = ("arenas", "shared")
    return record | {name: page.of(record[name]) for name in lists} | {
        "count": {name: len(record[name]) for name in lists}}
