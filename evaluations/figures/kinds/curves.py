"""Learning curves: what runs recorded by step."""

from __future__ import annotations

from collections.abc import Mapping

from evaluations.figures.asked import Asked
from evaluations.figures.curves import NOTHING, Runs, curve_figure, curves_of
from evaluations.figures.figure import Figure, NothingToDraw
from evaluations.figures.plots.lines import MOST_LINES, SERIES
from evaluations.models import Run
from evaluations.runs.measurements import measure

TITLE = "Learning curves"
ABOUT = "What runs recorded by step, as a mean over seeds with its 95 % band: of the methods chosen, or the best ones."
OPTIONS = {"value": "which of the values that runs recorded; the first when left out",
           "differences": "1: differences to the first method, seed by seed"}
PLAIN, DIFFERENCES = "0", "1"


def choices(asked: Asked) -> Mapping[str, list[tuple[str, str]]]:
    return {"value": [(record["name"], record["name"]) for record in curves_of(_lines(asked))],
            "differences": [(PLAIN, "the values"), (DIFFERENCES, "differences to the first")]}


def draw(asked: Asked) -> Figure:
    differences = asked.option("differences", (PLAIN, DIFFERENCES)) == DIFFERENCES
    if asked.state.view == "settings":
        raise NothingToDraw("curves are of one setting: choose one")
    records = {record["name"]: record for record in curves_of(_lines(asked), differences=differences)}
    if not records:
        raise NothingToDraw(f"{NOTHING[:1].lower()}{NOTHING[1:-1]}")
    value = asked.option("value", records)
    figure = curve_figure(records[value], asked.subject)
    if figure is None:
        raise NothingToDraw(f"{value} is the same at every step")
    return figure


def _lines(asked: Asked) -> list[Runs]:
    """The methods chosen, else the best with a recorded curve."""
    table, column = asked.table, asked.column
    titles = {row.method: row.title for row in table.rows}
    ranked = sorted((row for row in table.rows if column.key in row.cells),
                    key=lambda row: row.cells[column.key].mean, reverse=column.better != "lower")
    methods = {method.slug: method for method in asked.arena.methods.filter(slug__in=titles).only(
        "slug", "arena_id", "code_digest", "digests")}
    measured, _ = measure(methods.values(), settings=[column.setting], scale=asked.state.scale,
                          metrics=[column.key.partition("@")[0]], costs=False)
    runs = {slug: measured[method.pk, column.setting].runs for slug, method in methods.items()
            if (method.pk, column.setting) in measured}
    recorded = set(Run.objects.filter(pk__in=[run for of in runs.values() for run in of.values()]).exclude(
        curve=[]).values_list("pk", flat=True))
    most = MOST_LINES if asked.state.methods else SERIES
    return [Runs(titles[row.method], {seed: [run] for seed, run in runs[row.method].items()})
            for row in ranked if row.method in runs and recorded & set(runs[row.method].values())][:most]
