"""Average ranks: a critical-difference diagram, or of many methods one below another."""

from __future__ import annotations

from collections.abc import Mapping

from evaluations.arithmetic.ranks import RankComparison
from evaluations.figures.asked import Asked
from evaluations.figures.figure import Figure, NothingToDraw
from evaluations.figures.plots.ranks import MOST_RANKED, rank_plot
from evaluations.figures.plots.rows import ladder
from evaluations.tables.statistics import POSTHOCS
from evaluations.tables.table import Field

TITLE = "Average ranks"
ABOUT = "Every seed, or every setting, ranks the methods; which average ranks cannot be told apart?"
OPTIONS = {"over": "seeds (of the setting) or settings: what ranks the methods",
           "posthoc": "nemenyi or wilcoxon-holm: the test of pairs"}
OVER = ("seeds", "settings")
FIELDS = (Field("method", "Method", str), Field("title", "Title", str), Field("rank", "Average rank", float),
          Field("blocks", "Blocks", int), Field("alike", "Cannot be told from", str))


def choices(asked: Asked) -> Mapping[str, list[tuple[str, str]]]:
    return {"over": [(name, name) for name in OVER], "posthoc": [(name, name) for name in POSTHOCS]}


def ladder_figure(comparison: RankComparison, titles: Mapping[str, str], blocks: str, caption: str) -> Figure:
    """Of any comparison by rank, one below another."""
    plot = ladder(comparison, titles, blocks)
    places = zip(comparison.names, comparison.average_ranks, strict=True)
    return Figure("ranks", plot.title, plot.description, caption, "rows", plot, FIELDS, tuple(
        {"method": name, "title": titles[name], "rank": rank, "blocks": len(comparison.blocks), "alike": None}
        for name, rank in places))


def draw(asked: Asked) -> Figure:
    over = asked.option("over", OVER)
    asked.option("posthoc", POSTHOCS)
    found = asked.statistics
    reading = found.over_seeds if over == "seeds" else found.over_settings
    c, titles = reading.comparison, reading.titles
    if c is None:
        raise NothingToDraw(reading.reason)
    drawn = c.names if len(c.names) <= MOST_RANKED else c.names[:asked.most]
    hrefs = asked.methods(drawn)
    diagram = len(c.names) <= MOST_RANKED
    plot = rank_plot(c, titles, over, hrefs) if diagram else ladder(c, titles, over, most=asked.most, hrefs=hrefs)
    if plot is None:
        raise NothingToDraw(reading.reason)
    p = "p < 0.001" if c.p_value < 0.001 else f"p = {c.p_value:.3f}"
    bars = "A thick bar joins methods whose ranks cannot be separated." if diagram else (
        "Bar: half a critical difference to each side; two methods differ when their bars do not overlap, provided "
        "that Friedman's test rejects." if c.critical_difference else "")
    warnings = "".join(f" Caution: {warning}." for warning in c.warnings)
    left_out = f" {len(c.names) - len(drawn)} methods below these are not drawn." if len(drawn) < len(c.names) else ""
    alike = {name: [titles[other] for group in c.groups if name in group for other in group if other != name]
             for name in drawn}
    ranks = dict(zip(c.names, c.average_ranks, strict=True))
    return Figure(
        "ranks", f"{plot.title}: {found.column.metric}, {found.table.title}", plot.description,
        f"Rank 1 is best. {c.test}, {p}, {len(c.blocks)} {over}. {bars}{warnings}{left_out}",
        "ranks" if diagram else "rows", plot, FIELDS,
        tuple({"method": name, "title": titles[name], "rank": ranks[name], "blocks": len(c.blocks),
               "alike": ", ".join(dict.fromkeys(alike[name]))} for name in drawn), tuple(hrefs.values()))
