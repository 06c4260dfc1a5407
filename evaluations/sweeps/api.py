"""A method's sweeps as data: the points behind the page's drawings."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.http import urlencode
from ninja import Query, Router
from ninja.errors import HttpError

from evaluations.sweeps.plan import MOST_SWEPT, read_plan
from evaluations.sweeps.results import along, sweep_csv, sweep_record
from methods.models import Method
from papers.parameters import Page, Word

router = Router(tags=["runs"])
FORMATS = ("json", "csv")


@router.get("/methods/{arena}/{slug}/sweep", response=dict[str, Any],
            summary="What was measured of a method with hyperparameters of one's own")
def get_sweep(request, arena: str, slug: str, page: Query[Page],
              over: list[Word] = Query([], max_length=MOST_SWEPT),  # noqa: B008
              setting: Word = "", scale: Word = "", metric: Word = "", format: str = "json"):
    """A point for each set of values, its mean over seeds with 95 % interval, and its difference to the defaults.
    `over`, one or two hyperparameters, leaves the sets at which only these are changed. `limit` and `offset` say which
    part of the points, `count` how many there are; `format=csv` is a file of all of them."""
    if format not in FORMATS:
        raise HttpError(400, f"there is no format {format}; there are {', '.join(FORMATS)}")
    method = get_object_or_404(Method.objects.select_related("arena"), arena=arena, slug=slug)
    asked = [("over", name) for name in over] + [("setting", setting), ("scale", scale), ("metric", metric)]
    try:
        plan = read_plan(method, QueryDict(urlencode(asked)))
    except ValueError as error:
        raise HttpError(400, str(error)) from error
    record = sweep_record(plan)
    points = along(record, plan.over)
    if format == "csv":
        name = f"{arena}-{slug}-{plan.setting}-sweep.csv"
        return HttpResponse(sweep_csv(record, points), content_type="text/csv; charset=utf-8",
                            headers={"Content-Disposition": f'attachment; filename="{name}"'})
    return record | {"points": page.of(points), "count": len(points)}
