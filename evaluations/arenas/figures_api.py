"""Figures of an arena as files."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError

from evaluations.arenas.api import TableQuery
from evaluations.figures.figure import FigureError, NothingToDraw
from evaluations.figures.views import file_response
from evaluations.tables.build import TableError
from methods.models import Arena
from papers.parameters import Word

router = Router(tags=["statistics"])


class FigureOptions(Schema):
    """What a kind of figure takes beyond the table's state; one that it does not take is refused."""

    rows: Word = Field("", description="how many methods are drawn, or all; 40 when left out")
    x: Word = Field("", description="cost: what stands on x, such as seconds or parameters")
    over: Word = Field("", description="ranks, iqm: seeds or settings")
    posthoc: Word = Field("", description="ranks: nemenyi or wilcoxon-holm")
    against: Word = Field("", description="improvement: the method that others are compared with")
    unit: Word = Field("", description="forest: the unit whose claims are drawn")
    near: Word = Field("", description="behaviour: behaviour, or text for the same methods by their descriptions")
    value: Word = Field("", description="curves: which of the values that runs recorded")
    differences: Word = Field("", description="curves: 1 for differences to the first method")


@router.get("/arenas/{slug}/figures/{kind}", summary="A figure of an arena as SVG, PNG or CSV",
            openapi_extra={"responses": {200: {"description": "The file"}}})
def get_figure(request, slug: str, kind: str, state: Query[TableQuery], options: Query[FigureOptions],
               format: str = "svg"):
    """`kind`: intervals, cost, curves, years, profile, iqm, ranks, improvement, behaviour or forest; `format`: svg, png
    or csv. The same file has an address of its own, `/arenas/SLUG/figures/KIND.FORMAT`."""
    arena = get_object_or_404(Arena, slug=slug)
    asked = request.GET.copy()
    asked.pop("format", None)
    request.GET = asked
    try:
        return file_response(request, arena, kind, format)
    except NothingToDraw as error:
        raise HttpError(404, f"there is no such figure: {error}") from error
    except (FigureError, TableError) as error:
        raise HttpError(400, str(error)) from error
