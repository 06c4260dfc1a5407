"""Kinds of figures: each a file of `kinds/` with TITLE, ABOUT (a sentence), OPTIONS (what its address takes beyond
the table's state, with a sentence each), `draw(asked) -> Figure`, and `choices(asked)` where there are lists to choose
options of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from importlib import import_module
from types import ModuleType

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from evaluations.figures.asked import EVERY, ROWS, Asked, rows_asked
from evaluations.figures.figure import Figure, FigureError, NothingToDraw
from evaluations.runs.stamps import kept, results_stamp, stamp_of
from evaluations.tables.state import TableState, read_state
from methods.models import Arena
from papers.models import Revision

KINDS = ("intervals", "cost", "curves", "years", "profile", "iqm", "ranks", "improvement", "behaviour", "forest")
OF_A_TABLE = tuple(of.name for of in fields(TableState))


@cache
def kinds() -> Mapping[str, ModuleType]:
    """Every kind by name, in the order in which pages list them."""
    return {name: import_module(f"evaluations.figures.kinds.{name}") for name in KINDS}


def kind_of(name: str) -> ModuleType:
    if name not in kinds():
        raise FigureError(f"there is no figure {name[:40]}; there are {', '.join(KINDS)}")
    return kinds()[name]


def read_asked(arena: Arena, kind: str, query: QueryDict) -> Asked:
    """What an address asks for. Raises FigureError or TableError for what there is not."""
    options = {name: value for name in kind_of(kind).OPTIONS if (value := query.get(name, "").strip())}
    return Asked(arena, read_state(arena, query), options, rows_asked(query.get("rows", "")))


def refuse_unknown(kind: str, query: QueryDict) -> None:
    """Raises FigureError for parameters that a figure of this kind does not take."""
    known = (*OF_A_TABLE, "rows", *kind_of(kind).OPTIONS)
    if unknown := [name for name in query if name not in known]:
        raise FigureError(f"unknown parameter {unknown[0][:40]}; known are {', '.join(known)}")


def query_of(asked: Asked) -> str:
    """The parameters of the address, without what is so anyway."""
    rows = [] if asked.most == ROWS else [("rows", EVERY if asked.most is None else asked.most)]
    return "&".join(filter(None, (asked.state.query(asked.arena), urlencode([*asked.options.items(), *rows]))))


def drawn_figure(kind: str, asked: Asked, stamp: str) -> Figure:
    """The figure as asked for, computed once for each stamp of the results. Raises FigureError or TableError."""
    name = f"figure-{asked.arena.pk}-{kind}-{stamp_of(asked.state, sorted(asked.options.items()), asked.most)}"
    return kept(name, stamp, lambda: figure_of(kind, asked))


def figure_of(kind: str, asked: Asked) -> Figure:
    path = reverse("figure_page", args=[asked.arena.slug, kind]).removesuffix("/")
    return replace(kind_of(kind).draw(asked), path=path, query=query_of(asked))


def drawn_or_why(kind: str, asked: Asked) -> tuple[Figure | None, str]:
    """For a page that shows several: the figure, or why there is none."""
    try:
        return figure_of(kind, asked), ""
    except NothingToDraw as error:
        return None, str(error)


def figures_stamp(arena: str) -> str:
    """Changes with everything a figure of this arena is made of: its results, and the texts' vectors for the maps."""
    return stamp_of(results_stamp(arena), Revision.of(Revision.VECTORS))
