"""Performance profiles of a few methods."""

from __future__ import annotations

from collections.abc import Mapping

from evaluations.figures.asked import Asked
from evaluations.figures.figure import Figure, NothingToDraw
from evaluations.figures.plots.lines import profile_plot, three_points
from evaluations.tables.table import Field

TITLE = "Performance profiles"
ABOUT = "The share of a method's runs that are at least as good as each score: of the methods chosen, or the best ones."
OPTIONS: Mapping[str, str] = {}
FIELDS = (Field("method", "Method", str), Field("title", "Title", str), Field("worst", "Worst run", float),
          Field("median", "Median", float), Field("best", "Best run", float), Field("runs", "Runs", int))


def draw(asked: Asked) -> Figure:
    found = asked.statistics
    values, column = found.table.values(found.column.key), found.column
    shown = {slug: values[slug] for slug in found.profiles}
    hrefs = asked.cells(shown, column)
    plot = profile_plot(shown, found.titles, column.better, column.heading, column.decimals, hrefs)
    if plot is None:
        raise NothingToDraw("nothing is measured here yet")
    records = []
    for slug, of in shown.items():
        worst, median, best = three_points(list(of.values()), column.better)
        records.append({"method": slug, "title": found.titles[slug], "worst": worst, "median": median, "best": best,
                        "runs": len(of)})
    return Figure(
        "profile", f"{plot.title}, {found.table.title}", plot.description,
        "Height: the share of a method's runs that are at least as good as the score below. A line that stays above "
        "another belongs to the method whose runs are better throughout; lines that cross trade safe runs for lucky "
        "ones.", "lines", plot, FIELDS, tuple(records), tuple(hrefs.values()))
