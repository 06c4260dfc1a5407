"""The chance that a run of each method beats a run of one of them."""

from __future__ import annotations

from collections.abc import Mapping

from evaluations.figures.asked import Asked
from evaluations.figures.figure import Figure, NothingToDraw
from evaluations.figures.plots.rows import improvement_plot
from evaluations.tables.table import Field

TITLE = "Chance to do better"
ABOUT = "Take one run of the method and one of the other, whatever their seeds: how often is the first one better?"
OPTIONS = {"against": "a method's slug; the baseline when left out"}
FIELDS = (Field("method", "Method", str), Field("title", "Title", str), Field("chance", "Chance", float),
          Field("low", "95 % low", float), Field("high", "95 % high", float))


def choices(asked: Asked) -> Mapping[str, list[tuple[str, str]]]:
    found = asked.statistics
    measured = found.table.values(found.column.key)
    return {"against": [(found.against, found.titles.get(found.against, "nothing")),
                        *((slug, found.titles[slug]) for slug in measured if slug != found.against)]}


def draw(asked: Asked) -> Figure:
    found = asked.statistics
    drawn = found.improvements[:asked.most]
    titles, hrefs = found.titles, asked.methods(each.method for each in drawn)
    plot = improvement_plot([(each.method, each.chance) for each in drawn], titles.get(found.against, ""), titles,
                            hrefs)
    if plot is None:
        raise NothingToDraw("two measured methods are needed")
    more = len(found.improvements) - len(drawn)
    return Figure(
        "improvement", f"{plot.title}: {found.column.metric}, {found.table.title}", plot.description,
        "Dot: chance; a tie counts half, 0.5 is no difference. Bar: 95 % bootstrap interval over runs. Dashed: one "
        "half. Pale: the interval holds one half. It says how often, not by how much."
        + (f" {more} methods below these are not drawn." if more else ""), "rows", plot, FIELDS,
        tuple({"method": each.method, "title": each.title, "chance": each.chance.mean, "low": each.chance.low,
               "high": each.chance.high} for each in drawn), tuple(hrefs.values()))
