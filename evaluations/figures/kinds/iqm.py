"""The mean of the middle half of the runs, with a stratified bootstrap interval."""

from __future__ import annotations

from collections.abc import Mapping

from evaluations.arithmetic.middle_half import standardised, stratified_iqm
from evaluations.arithmetic.statistics import BySeed, well_measured
from evaluations.figures.asked import Asked
from evaluations.figures.figure import Figure, NothingToDraw
from evaluations.figures.plots.rows import Values, row_plot
from evaluations.tables.build import build_settings_table
from evaluations.tables.table import Field, Table

TITLE = "Mean of the middle half"
ABOUT = "The interquartile mean (IQM): neither a lucky nor a collapsed seed moves it. Over seeds, or over settings too."
OPTIONS = {"over": "seeds (of the setting, in the metric's unit) or settings (all of them, standardised)"}
OVER = ("seeds", "settings")
FIELDS = (Field("method", "Method", str), Field("title", "Title", str), Field("iqm", "IQM", float),
          Field("low", "95 % low", float), Field("high", "95 % high", float), Field("runs", "Runs", int),
          Field("strata", "Settings", int))


def choices(asked: Asked) -> Mapping[str, list[tuple[str, str]]]:
    return {"over": [("seeds", "seeds of this setting"), ("settings", "all settings, standardised")]}


def draw(asked: Asked) -> Figure:
    over = asked.option("over", OVER)
    column, titles = asked.column, {row.method: row.title for row in asked.table.rows}
    if over == "seeds":
        strata: dict[str, dict[str, BySeed]] = {column.setting: asked.table.values(column.key)}
        heading, what = column.heading, f"{column.subject}, the seeds of setting {column.setting}"
        note = ""
    else:
        strata, note = settings_shared(_settings_table(asked))
        shown = {name for of in strata.values() for name in of} & set(titles)
        strata = {setting: {name: of[name] for name in of if name in shown} for setting, of in strata.items()}
        strata = {setting: dict(of) for setting, of in standardised(strata, column.better).items()}
        heading = "standardised score, higher is better: 0 is the mean of the methods, 1 one standard deviation of them"
        what = f"{column.metric.lower()} over {len(strata)} settings, standardised in each"
    names = sorted({name for of in strata.values() for name in of})
    if not names:
        raise NothingToDraw("nothing is measured here yet" if over == "seeds" else
                            "no method is measured in every setting that others are measured in")
    better = column.better if over == "seeds" else "higher"
    found = {name: stratified_iqm([list(of[name].values()) for of in strata.values()]) for name in names}
    ranked = sorted(names, key=lambda name: (found[name].mean * (1 if better == "lower" else -1), name))
    drawn = ranked[:asked.most]
    rows: list[Values] = []
    for name in drawn:
        at = found[name]
        interval = "" if at.low is None or at.high is None else f", 95 % interval {at.low:.4g} to {at.high:.4g}"
        rows.append((name, f"{titles[name]}: {at.mean:.4g}{interval}, {at.n} runs", at.mean, at.low, at.high, True))
    hrefs = asked.methods(drawn)
    plot = row_plot(f"Mean of the middle half of the runs: {what}", "; ".join(row[1] for row in rows) + ".", heading,
                    rows, titles, hrefs=hrefs)
    more = len(ranked) - len(drawn)
    caption = " ".join(filter(None, (
        "Dot: the mean of what is left when the lowest and the highest quarter of the runs are left out (IQM, Agarwal "
        "et al. 2021). Bar: 95 % percentile bootstrap interval, runs drawn anew within each setting; with few seeds it "
        "comes out too narrow.", note, f"{more} methods below these are not drawn." if more else "",
        asked.narrowed.strip())))
    return Figure("iqm", f"{plot.title}: {asked.table.title}", plot.description, caption, "rows", plot, FIELDS,
                  tuple({"method": name, "title": titles[name], "iqm": found[name].mean, "low": found[name].low,
                         "high": found[name].high, "runs": found[name].n, "strata": len(strata)} for name in drawn),
                  tuple(hrefs.values()))


def _settings_table(asked: Asked) -> Table:
    metric = asked.column.key.partition("@")[0]
    return build_settings_table(asked.arena, metric=metric, scale=asked.state.scale,
                                methods=asked.slugs or None)


def by_setting(table: Table) -> dict[str, dict[str, BySeed]]:
    """Present-code scores by setting, method and seed, of settings in which anything was measured."""
    found = {column.setting: table.values(column.key) for column in table.columns}
    return {setting: dict(of) for setting, of in found.items() if of}


def settings_shared(table: Table, share: float = 0.5) -> tuple[dict[str, dict[str, BySeed]], str]:
    """The settings that at least this share of the methods was measured in, with the methods measured in all of them;
    and a sentence about what is left out."""
    values = {setting: well_measured(of) for setting, of in by_setting(table).items()}
    methods = {name for of in values.values() for name in of}
    used = {setting: of for setting, of in values.items() if len(of) >= share * len(methods)}
    everywhere = set.intersection(*(set(of) for of in used.values())) if used else set()
    dropped = [setting for setting in values if setting not in used]
    said = [f"Settings: {', '.join(used)}."]
    if dropped:
        said.append(f"Left out, with less than half of the methods measured: {', '.join(dropped)}.")
    if len(everywhere) < len(methods):
        said.append(f"{len(methods) - len(everywhere)} methods not measured in all of these are left out.")
    return {setting: {name: of[name] for name in of if name in everywhere} for setting, of in used.items()}, \
        " ".join(said)
