"""What runs with own hyperparameters say of a method: one record behind the page, its drawings, the API and the file.

It holds whatever has been measured, whoever asked for it, a point for each set of values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluations.arithmetic import rounding, statistics
from evaluations.arithmetic.contrasts import contrasts_to
from evaluations.claims.open_questions import Estimate, RunTimes, worker_slots
from evaluations.models import Run, params_key
from evaluations.runs.contestants import Contestant, own_values, variants_of
from evaluations.runs.measurements import measure_contestants
from evaluations.runs.requests import parse_seeds
from evaluations.runs.stamps import kept, results_stamp, stamp_of
from evaluations.sweeps.plan import Plan
from evaluations.tables.renderers import csv
from evaluations.tables.table import Field

MOST_SHOWN = 300  # sets of values: those run last
SCORES = ("mean", "low", "high", "seeds", "difference", "difference_low", "difference_high", "p_value", "stale")


def sweep_record(plan: Plan) -> dict[str, Any]:
    """All that was measured in the plan's setting, computed once while the arena's results are as they are."""
    method = plan.method
    return kept(f"sweep-{method.pk}-{stamp_of(plan.setting, plan.scale, plan.metric)}", results_stamp(method.arena_id),
                lambda: _record(plan))


def _record(plan: Plan) -> dict[str, Any]:
    """Five queries at most. Differences are to the defaults, seed by seed."""
    method, metric = plan.method, plan.method.arena.metric(plan.metric)
    runs = Run.objects.filter(method=method, setting=plan.setting, scale=plan.scale, state=Run.DONE)
    contestants = [Contestant(method, {}), *reversed(variants_of(runs, MOST_SHOWN))]
    found, _ = measure_contestants(contestants, settings=[plan.setting], scale=plan.scale, metrics=[plan.metric],
                                   costs=False)
    measured = {each: of for each in contestants if (of := found.get((method.pk, each.params_key, plan.setting)))
                and of.scores.get(plan.metric)}
    values = {each.key: of.scores[plan.metric] for each, of in measured.items() if not of.stale}
    contrasts = contrasts_to(method.slug, values)
    spreads = {each: statistics.mean_interval(list(of.scores[plan.metric].values())) for each, of in measured.items()}
    places = rounding.decimals([spread.mean for spread in spreads.values()],
                               [spread.half_width for spread in spreads.values() if spread.half_width])
    return {
        "arena": method.arena_id, "method": method.slug, "title": method.title, "setting": plan.setting,
        "scale": plan.scale, "metric": metric["name"], "metric_title": metric["title"], "unit": metric["unit"],
        "better": metric["better"], "decimals": places, "hyperparameters": list(method.params),
        "points": [_point(each, spread, contrasts.get(each.key), measured[each].stale, places)
                   for each, spread in spreads.items()]}


def _point(each: Contestant, spread: statistics.Interval, contrast: statistics.Contrast | None, stale: bool,
           places: int) -> dict[str, Any]:
    defaults = {param["name"]: param["default"] for param in each.method.params}
    point: dict[str, Any] = {
        "variant": each.key, "name": each.name, "is_default": not each.params, "own": dict(each.params),
        "values": defaults | dict(each.params), **dict.fromkeys(SCORES), "mean": spread.mean, "low": spread.low,
        "high": spread.high, "seeds": spread.n, "stale": stale, "difference_text": "",
        "text": rounding.plus_minus(spread.mean, spread.low, spread.high, places)}
    if contrast and each.params:
        point |= {"difference": contrast.mean, "difference_low": contrast.low, "difference_high": contrast.high,
                  "p_value": contrast.p_value, "difference_text": rounding.plus_minus(
                      contrast.mean, contrast.low, contrast.high, places, signed=True)}
    return point


def along(record: Mapping[str, Any], over: Sequence[str]) -> list[dict[str, Any]]:
    """The points at which nothing else is changed, in the order of their values; all of them for no hyperparameter."""
    return in_order([point for point in record["points"] if not over or set(point["own"]) <= set(over)], over)


def in_order(points: Sequence[Mapping[str, Any]], over: Sequence[str]) -> list[dict[str, Any]]:
    """By the values of these hyperparameters, one after another."""
    return sorted(map(dict, points), key=lambda point: [_order(point["values"].get(name)) for name in over])


def varied(record: Mapping[str, Any]) -> list[str]:
    """The hyperparameters that have more than one value among the points."""
    return [param["name"] for param in record["hyperparameters"]
            if len({repr(point["values"][param["name"]]) for point in record["points"]}) > 1]


def _order(value: Any) -> tuple[int, Any]:
    """Numbers by size, then texts."""
    return (0, value) if isinstance(value, int | float) else (1, str(value))


def sweep_csv(record: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> str:
    """The points in full precision; text that a spreadsheet would run as a formula is quoted."""
    where = ("arena", "method", "setting", "scale", "metric", "unit", "better")
    names = {f"param_{param['name']}": param["name"] for param in record["hyperparameters"]}
    fields = [Field(name, name, str) for name in (*where, "variant", *names, *SCORES)]
    rows = [{name: record[name] for name in where} | {field: point["values"][name] for field, name in names.items()}
            | {"variant": point["variant"]} | {name: point[name] for name in SCORES} for point in points]
    return "".join(csv.lines(fields, rows))


def outlook(plan: Plan, points: Sequence[Mapping[str, Any]]) -> Estimate:
    """What the plan lacks and how long that takes; two queries, and one more where the method was never run."""
    method, seeds = plan.method, parse_seeds(plan.seeds)
    keys = {params_key(own_values(method, point)) for point in points}
    there = Run.objects.filter(
        method=method, setting=plan.setting, scale=plan.scale, params_key__in=keys, seed__in=seeds, replay_of=None,
        code_digest=method.run_digest(plan.setting, plan.scale), state__in=[*Run.ACTIVE, Run.DONE]).count()
    missing = len(keys) * len(seeds) - there
    seconds, rough = RunTimes([method], plan.scale).of(method, plan.setting)
    return Estimate(plan.setting, missing, missing * seconds / worker_slots(), rough)
