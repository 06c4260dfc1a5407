"""Contestants beside each other: one record behind the page, the API and the file.

Scores, wins and curves are of one arena each, since arenas differ in data and metrics; hyperparameters, environment,
cost and code stand beside each other whatever the arena. Differences are contestant minus baseline, taken seed by seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evaluations.arithmetic import rounding, statistics
from evaluations.arithmetic.contrasts import contrasts_to
from evaluations.arithmetic.statistics import Contrast, Interval
from evaluations.comparing.beside import code_beside, environment_rows, parameter_rows
from evaluations.comparing.choice import Choice, Chosen
from evaluations.comparing.curves import CurveChoice, fields_of, lines_of
from evaluations.figures.curves import curves_of
from evaluations.runs.contestants import Contestant
from evaluations.runs.measurements import Measurement, measure_contestants
from evaluations.tables.build import build_table, named_costs
from methods.models import Arena

SCALE = "full"
WORDS = {statistics.CONFIRMED: "better", statistics.REFUTED: "worse", statistics.INCONCLUSIVE: "not told apart"}
EQUAL = "equal"  # at every seed
CELLS = ("mean", "low", "high", "seeds", "difference", "difference_low", "difference_high", "p_value", "common_seeds",
         "verdict", "stale")

Measured = Mapping[Contestant, Mapping[str, Measurement]]  # by setting


@dataclass(frozen=True)
class Group:
    """The contestants of one arena, what they measured, and the setting whose scores are shown."""

    arena: Arena
    setting: str
    contestants: tuple[Chosen, ...]
    measured: Measured

    def shown(self, contestant: Contestant) -> Measurement | None:
        return self.measured[contestant].get(self.setting)

    def present(self, setting: str, metric: str) -> dict[str, Mapping[int, float]]:
        """Scores of the present code by the contestant's place."""
        found = {str(place): self.measured[each].get(setting) for place, each in enumerate(self.contestants)}
        return {place: of.scores[metric] for place, of in found.items()
                if of and not of.stale and of.scores.get(metric)}


def comparison(choice: Choice, curves: CurveChoice) -> dict[str, Any]:
    """Everything the page shows, as plain data; queries grow with arenas and sets of hyperparameters, not with runs."""
    groups, notes = _groups(choice)
    everybody = [(each, group) for group in groups for each in group.contestants]
    everybody.sort(key=lambda pair: choice.contestants.index(pair[0]))
    facts = environment_rows([[*of.runs.values()] if (of := group.shown(each)) else [] for each, group in everybody])
    return {
        "contestants": [_contestant(choice, each, group) for each, group in everybody],
        "setting": choice.setting, "notes": [*choice.notes, *notes, *_apart(groups)],
        "settings": list(dict.fromkeys(setting["name"] for group in groups for setting in group.arena.settings)),
        "arenas": [_arena_record(group, curves) for group in groups],
        "curves_by": fields_of([each for each, _ in everybody]),
        "standings": _standings(groups) if len(groups) > 1 else [],
        "hyperparameters": parameter_rows([each for each, _ in everybody]), "environment": facts,
        "cost": _cost_rows([group.shown(each) for each, group in everybody]),
        "code": code_beside([each for each, _ in everybody])}


def _groups(choice: Choice) -> tuple[list[Group], list[str]]:
    arenas = {each.method.arena_id: each.method.arena for each in choice.contestants}
    groups, notes = [], []
    for slug, arena in arenas.items():
        of = tuple(each for each in choice.contestants if each.method.arena_id == slug)
        known = [setting["name"] for setting in arena.settings]
        setting = choice.setting if choice.setting in known else known[0]
        if choice.setting and setting != choice.setting:
            notes.append(f"{arena.title} has no setting {choice.setting}: its main setting, {setting}, is shown.")
        groups.append(Group(arena, setting, of, _measured(of, known)))
    return groups, notes


def _measured(contestants: Sequence[Contestant], settings: Sequence[str]) -> Measured:
    measured, _ = measure_contestants(contestants, settings=settings, scale=SCALE)
    return {each: {name: measured[key] for name in settings
                   if (key := (each.method.pk, each.params_key, name)) in measured} for each in contestants}


def _contestant(choice: Choice, each: Chosen, group: Group) -> dict[str, Any]:
    method, shown = each.method, group.shown(each)
    return {"name": each.name, "arena": method.arena_id, "arena_title": group.arena.title, "method": method.slug,
            "params": dict(each.params), "setting": group.setting, "seeds": len(shown.runs) if shown else 0,
            "stale": bool(shown and shown.stale), "year": method.year, "fidelity": method.fidelity,
            "as_baseline": choice.query(first=each), "without": choice.query(without=each)}


def _arena_record(group: Group, curves: CurveChoice) -> dict[str, Any]:
    arena = group.arena
    lines = lines_of(group.contestants, group.measured, group.setting, curves.by)
    return {"arena": arena.slug, "title": arena.title, "setting": group.setting,
            "settings": [setting["name"] for setting in arena.settings],
            "names": [each.name for each in group.contestants], "baseline": group.contestants[0].name,
            "scores": [_score_row(group, metric) for metric in arena.metrics],
            "wins": _wins(group) if len(group.contestants) > 1 else None,
            "by": curves.by, "differences": curves.differences,
            "curves": curves_of(lines, differences=curves.differences)}


def _score_row(group: Group, metric: Mapping[str, Any]) -> dict[str, Any]:
    """One metric: every contestant's mean with its interval, and its paired difference to the first."""
    name, better = metric["name"], metric["better"]
    shown = [group.shown(each) for each in group.contestants]
    spreads = [statistics.mean_interval(list(of.scores[name].values())) if of and of.scores.get(name) else None
               for of in shown]
    contrasts = contrasts_to("0", group.present(group.setting, name))
    measured = [spread for spread in spreads if spread]
    places = rounding.decimals([spread.mean for spread in measured], [
        spread.half_width for spread in measured if spread.half_width])
    return {"metric": name, "title": metric["title"], "unit": metric["unit"], "better": better, "help": metric["help"],
            "cells": [_cell(spread, contrasts.get(str(place)), better, places, bool(of and of.stale))
                      for place, (spread, of) in enumerate(zip(spreads, shown, strict=True))]}


def _cell(spread: Interval | None, contrast: Contrast | None, better: str, places: int, stale: bool
          ) -> dict[str, Any] | None:
    if spread is None:
        return None
    cell: dict[str, Any] = dict.fromkeys(CELLS) | {
        "mean": spread.mean, "low": spread.low, "high": spread.high, "seeds": spread.n, "stale": stale,
        "text": rounding.plus_minus(spread.mean, spread.low, spread.high, places), "difference_text": ""}
    if contrast is None:
        return cell
    turned = contrast if better != "lower" else replace(
        contrast, mean=-contrast.mean, low=_turned(contrast.high), high=_turned(contrast.low))
    return cell | {
        "difference": contrast.mean, "difference_low": contrast.low, "difference_high": contrast.high,
        "p_value": contrast.p_value, "common_seeds": contrast.n,
        "verdict": EQUAL if contrast.mean == contrast.low == contrast.high == 0 else WORDS[statistics.verdict(turned)],
        "difference_text": rounding.plus_minus(contrast.mean, contrast.low, contrast.high, places, signed=True)}


def _turned(end: float | None) -> float | None:
    return None if end is None else -end


def _wins(group: Group) -> dict[str, Any]:
    """For every pair, the settings in which one is significantly better on the main metric, or neither."""
    metric = group.arena.primary_metric
    size = len(group.contestants)
    found: list[list[dict[str, list[str]]]] = [[{"wins": [], "ties": [], "losses": []} for _ in range(size)]
                                               for _ in range(size)]
    settings = []
    for setting in (each["name"] for each in group.arena.settings):
        pairs = statistics.compare_pairs(group.present(setting, metric["name"]), metric["better"])
        worse, places = pairs.worse(), [int(name) for name in pairs.names]
        compared = [(i, j) for i in range(len(places)) for j in range(len(places)) if i != j and pairs.common[i, j] > 1]
        if compared:
            settings.append(setting)
        for i, j in compared:
            said = "losses" if worse[i, j] else "wins" if worse[j, i] else "ties"
            found[places[i]][places[j]][said].append(setting)
    return {"metric": metric["title"], "settings": settings, "rows": [
        {"name": each.name, "cells": [None if place == other else found[place][other] for other in range(size)],
         "total": {said: sum(len(cell[said]) for cell in found[place]) for said in ("wins", "ties", "losses")}}
        for place, each in enumerate(group.contestants)]} if settings else {}


def _apart(groups: Sequence[Group]) -> list[str]:
    if len(groups) < 2:
        return []
    titles = ", ".join(group.arena.title for group in groups)
    return [f"These belong to {len(groups)} arenas ({titles}), which differ in data and metrics: scores, wins and "
            "curves are compared inside each arena only. Beside each other stand where each is placed in its own "
            "arena, hyperparameters, environment, cost and code; time and memory are of different tasks."]


def _standings(groups: Iterable[Group]) -> list[dict[str, Any]]:
    """Where each method stands among all of its arena: what can be said across arenas."""
    rows = []
    for group in groups:
        table = build_table(group.arena, setting=group.setting, metrics=[group.arena.primary_metric["name"]])
        placed = {row.method: row.cells.get(table.primary.key) for row in table.rows}
        rivals = sum(bool(cell and cell.standing) for cell in placed.values())
        for each in group.contestants:
            cell = None if each.params else placed.get(each.method.slug)
            standing = cell.standing if cell else None
            rows.append({"name": each.name, "arena": group.arena.title, "metric": table.primary.title,
                         "tier": standing.tier if standing else None, "methods": rivals,
                         "best_rank": standing.best_rank if standing else None,
                         "worst_rank": standing.worst_rank if standing else None})
    return rows


def _cost_rows(shown: Sequence[Measurement | None]) -> list[dict[str, Any]]:
    """What runs cost on average, by kind of cost; known kinds first."""
    counted = {name for of in shown if of for name, amounts in of.costs.items() if amounts}
    rows = []
    for name, title, unit, help_text in named_costs(counted):
        spreads = [statistics.mean_interval(list(of.costs[name].values())) if of and of.costs.get(name) else None
                   for of in shown]
        places = rounding.decimals([spread.mean for spread in spreads if spread])
        rows.append({"cost": name, "title": title, "unit": unit, "help": help_text, "cells": [
            {"mean": spread.mean, "seeds": spread.n, "text": rounding.number(spread.mean, places)} if spread else None
            for spread in spreads]})
    return rows
