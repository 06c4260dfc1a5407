"""What the pages and the API show of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from evaluations.arithmetic.rounding import decimals, number, plus_minus
from evaluations.arithmetic.statistics import mean_interval
from evaluations.models import Run, Score, Worker
from evaluations.runs import broker
from evaluations.runs.contestants import variants_of, written
from evaluations.runs.replays import comparison_of, comparison_record, comparisons_of
from evaluations.runs.requests import PARAM
from evaluations.runs.services import LOST_AFTER, QUEUES
from methods.models import Arena, Method, chance_level
from papers.parameters import id_from

FILTERS = ("state", "arena", "method", "queue", "setting", "scale", "request", "paper")
BADGES = {Run.QUEUED: "badge-dim", Run.RUNNING: "badge-info", Run.DONE: "badge-ok", Run.FAILED: "badge-bad",
          Run.CANCELLED: "badge-warn"}
START_WORKER = "celery -A workers.celery worker --pool=threads -Q {queue} -n {queue}@%h"


def run_list(filters: Mapping[str, str] | None = None) -> QuerySet[Run]:
    """Runs, newest first. `state` may be "active"."""
    filters = {name: value for name, value in (filters or {}).items() if value}
    runs = Run.objects.select_related("method__arena", "requested_by").prefetch_related("scores").defer(
        "log", "curve", "environment", "method__source_code", "method__explanation", "method__arena__source_code",
        "method__arena__explanation")
    if state := filters.get("state"):
        runs = runs.filter(state__in=Run.ACTIVE) if state == "active" else runs.filter(state=state)
    for name, field in (("arena", "method__arena"), ("method", "method__slug"), ("queue", "queue"),
                        ("setting", "setting"), ("scale", "scale"), ("request", "request_key")):
        if name in filters:
            runs = runs.filter(**{field: filters[name]})
    if "paper" in filters:
        linked = Method.objects.filter(links__paper=id_from(filters["paper"]) or 0)
        runs = runs.filter(method__in=linked.exclude(links__state="rejected"))
    return runs


def moving_parts(run: Run) -> tuple:
    """What of a run's row may differ the next time one looks, for polls to compare."""
    return run.pk, run.state, run.cause, run.progress, run.progress_text, run.attempts, run.code_digest, run.finished_at


def fences_of(worker: str = "") -> list[dict[str, Any]]:
    """What a run cannot do on the worker of that name, or on any that is up: as it tried itself. Empty when none says.
    Of several workers, a fence that does not hold on one is shown as that one tells it."""
    workers = Worker.objects.filter(name=worker) if worker else live_workers()
    found: dict[str, dict[str, Any]] = {}
    for row in workers:
        for fence in row.fences:
            if fence["fence"] not in found or not fence["holds"]:
                found[fence["fence"]] = fence
    return list(found.values())


def live_workers() -> list[Worker]:
    return list(Worker.objects.filter(seen_at__gte=timezone.now() - LOST_AFTER).order_by("name"))


def unheard_queues() -> list[str]:
    """The run queues that no live worker listens to."""
    heard = {queue for worker in live_workers() for queue in worker.queues}
    return [queue for queue in QUEUES if queue not in heard]


def cause_of(run: Run) -> str:
    """Why the run is in its state, as it is at this moment."""
    if run.state != Run.QUEUED:
        return run.cause
    if without := broker.away():
        return without
    if run.queue in unheard_queues():
        start = START_WORKER.format(queue=run.queue)
        return f"no worker listens to the queue {run.queue}: start one with “{start}” ({run.cause})"
    ahead = Run.objects.filter(state=Run.QUEUED, queue=run.queue, pk__lt=run.pk).count()
    place = f"{ahead} runs were queued before it" if ahead else "it is next"
    return f"{run.cause} ({place})"


@dataclass(frozen=True)
class ScoreRow:
    """One metric of a run, rounded for people."""

    title: str
    value: str
    unit: str
    better: str
    chance: str
    help: str


def scores_of(run: Run) -> list[ScoreRow]:
    """The run's scores in the arena's order; metrics that the arena no longer has come last."""
    described = {metric["name"]: metric for metric in run.method.arena.metrics}
    values = {score.metric: score.value for score in run.scores.all()}
    rows = []
    for name in [*(n for n in described if n in values), *(n for n in values if n not in described)]:
        metric = described.get(name, {})
        places = max(decimals([values[name]]), 2)
        chance = chance_level(metric, run.setting)
        rows.append(ScoreRow(metric.get("title", name), number(values[name], places), metric.get("unit", ""),
                             metric.get("better", ""), "" if chance is None else f"{chance:g}", metric.get("help", "")))
    return rows


def primary_score(run: Run) -> str:
    """The run's main metric with its unit, or an empty text."""
    metric = run.method.arena.primary_metric
    value = next((score.value for score in run.scores.all() if score.metric == metric["name"]), None)
    return "" if value is None else f"{number(value, max(decimals([value]), 2))} {metric['unit']}".strip()


@dataclass(frozen=True)
class Curve:
    """A run's curve as SVG coordinates in a box of WIDTH by HEIGHT with margins."""

    name: str
    line: str
    low: str
    high: str
    last_step: str
    last: str

    WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 180, 60, 24, 10


def curves_of(run: Run) -> list[Curve]:
    """One drawing per value that the run recorded by step."""
    names = list(dict.fromkeys(name for point in run.curve for name in point if name != "step"))
    drawings = []
    for name in names:
        points = [(point["step"], point[name]) for point in run.curve if name in point]
        if len(points) < 2:
            continue
        steps, values = [p[0] for p in points], [p[1] for p in points]
        first, span = min(steps), (max(steps) - min(steps)) or 1
        low, height = min(values), (max(values) - min(values)) or 1
        inner_w, inner_h = Curve.WIDTH - Curve.LEFT - 10, Curve.HEIGHT - Curve.BOTTOM - Curve.TOP
        line = " ".join(f"{Curve.LEFT + (x - first) / span * inner_w:.1f},"
                        f"{Curve.TOP + (1 - (y - low) / height) * inner_h:.1f}" for x, y in points)
        places = decimals([max(values) - low or 1])
        drawings.append(Curve(name, line, number(low, places), number(max(values), places), f"{max(steps):g}",
                              number(values[-1], places)))
    return drawings


def params_of(run: Run) -> list[dict[str, Any]]:
    """Every hyperparameter with the value this run used, and whether that is the default."""
    rows = [{"name": param["name"], "value": run.params.get(param["name"], param["default"]), "help": param["help"],
             "default": param["default"], "changed": param["name"] in run.params} for param in run.method.params]
    known = {row["name"] for row in rows}
    return rows + [{"name": name, "value": value, "help": "the present code has no such hyperparameter",
                    "default": "", "changed": True} for name, value in run.params.items() if name not in known]


def address_with_changes(run: Run) -> str:
    """Its method's page with the form filled in as this run was asked for."""
    values = {f"{PARAM}{param['name']}": written(run.params[param["name"]]) for param in run.method.params
              if param["name"] in run.params}
    fields = {"setting": run.setting, "scale": run.scale, "seeds": f"{run.seed}-{run.seed}", "queue": run.queue}
    page = reverse("method_detail", args=[run.method.arena_id, run.method.slug])
    return f"{page}?{urlencode(fields | values)}#run-it"


def command_of(run: Run) -> str:
    """The command line that measures the same."""
    params = "".join(f" {name}={value}" for name, value in run.params.items())
    return (f"python manage.py evaluate {run.method.arena_id} --method {run.method.slug} --setting {run.setting} "
            f"--scale {run.scale} --seeds {run.seed}-{run.seed}" + (f" --param{params}" if params else "") + " --wait")


@dataclass(frozen=True)
class OwnRows:
    """Runs with own hyperparameters as rows of a table: which table, and its state with them."""

    arena: Arena
    titles: tuple[str, ...]
    query: str  # beside all methods
    alone: str  # beside their own methods only

    @property
    def named(self) -> str:
        return self.titles[0] if len(self.titles) == 1 else f"{len(self.titles)} variants"


def own_rows(runs: QuerySet[Run]) -> list[OwnRows]:
    """Of each arena, setting and scale among the runs; a query, and three for each."""
    groups = runs.exclude(params_key="").order_by("method__arena").values_list(
        "method__arena", "setting", "scale").distinct()
    found = []
    for arena, setting, scale in groups:
        variants = variants_of(runs.filter(method__arena=arena, setting=setting, scale=scale))[::-1]
        if variants:
            table = {"setting": setting, "scale": scale, "variants": [each.key for each in variants]}
            methods = list(dict.fromkeys(each.method.slug for each in variants))
            found.append(OwnRows(Arena.objects.only("title").get(pk=arena), tuple(each.name for each in variants),
                                 urlencode(table, doseq=True), urlencode({"methods": methods, **table}, doseq=True)))
    return found


@dataclass(frozen=True)
class RequestProgress:
    """How far a set of runs is."""

    key: str
    total: int
    states: dict[str, int]
    share: float
    arenas: list[Arena]
    unheard: list[str]
    without_broker: str  # what to tell while none answers and runs wait
    failures: list[Run]
    own: list[OwnRows]

    @property
    def active(self) -> bool:
        return bool(self.states.get(Run.QUEUED) or self.states.get(Run.RUNNING))

    @property
    def done(self) -> int:
        return self.states.get(Run.DONE, 0)


def request_progress(key: str) -> RequestProgress | None:
    """How far the runs of one request are; None when it queued none."""
    rows = list(Run.objects.filter(request_key=key).values_list("state", "progress", "queue", "method__arena"))
    if not rows:
        return None
    states = Counter(state for state, *_ in rows)
    share = sum(progress if state == Run.RUNNING else state != Run.QUEUED for state, progress, *_ in rows) / len(rows)
    waiting = {queue for state, _, queue, _ in rows if state == Run.QUEUED}
    failures = Run.objects.filter(request_key=key, state=Run.FAILED).select_related("method")[:5]
    return RequestProgress(key, len(rows), dict(states), share,
                           list(Arena.objects.filter(slug__in={arena for *_, arena in rows})),
                           [queue for queue in unheard_queues() if queue in waiting] if waiting else [],
                           broker.away() if waiting else "", list(failures),
                           own_rows(Run.objects.filter(request_key=key)))


@dataclass(frozen=True)
class Result:
    """What a method measured in one setting, over its seeds, by one version of its code."""

    method: Method
    setting: str
    scale: str
    metric: str
    value: str
    unit: str
    n: int
    finished_at: datetime
    stale: bool


def newest_results(limit: int = 8, *, here: bool = False) -> list[Result]:
    """The method-setting pairs measured last: mean ± 95 % interval of the main metric over their seeds.

    With `here`, only what this installation measured itself.

    Smoke runs only show that the code works; they appear when there is nothing else.
    """
    runs = Run.objects.filter(state=Run.DONE, replay_of=None, params_key="")
    done = (runs.filter(origin="") if here else runs).values(
        "method", "setting", "scale", "code_digest").annotate(last=Max("finished_at")).order_by("-last")
    groups = list(done.exclude(scale="smoke")[:limit]) or list(done[:limit])
    methods = Method.objects.select_related("arena").in_bulk({group["method"] for group in groups})
    wanted = Q()
    for group in groups:
        wanted |= Q(run__method=group["method"], run__setting=group["setting"], run__scale=group["scale"],
                    run__code_digest=group["code_digest"])
    values: dict[tuple, list[float]] = {}
    scores = Score.objects.filter(wanted, run__state=Run.DONE, run__replay_of=None, run__params_key="")
    for *run, metric, value in scores.values_list("run__method", "run__setting", "run__scale", "run__code_digest",
                                                  "metric", "value") if groups else ():
        values.setdefault((*run, metric), []).append(value)
    results = []
    for group in groups:
        method = methods[group["method"]]
        primary = method.arena.primary_metric
        key = (group["method"], group["setting"], group["scale"], group["code_digest"], primary["name"])
        if key not in values:
            continue
        interval = mean_interval(values[key])
        places = decimals([interval.mean], [interval.half_width] if interval.half_width else ())
        results.append(Result(method, group["setting"], group["scale"], primary["title"],
                              plus_minus(interval.mean, interval.low, interval.high, places), primary["unit"],
                              interval.n, group["last"],
                              group["code_digest"] != method.run_digest(group["setting"], group["scale"])))
    return results


@dataclass(frozen=True)
class Activity:
    """What is going on now."""

    running: list[Run]
    queued: int
    unheard: list[str]  # queues with waiting runs and no worker

    @property
    def active(self) -> bool:
        return bool(self.running or self.queued)


def activity(limit: int = 8) -> Activity:
    running = run_list({"state": Run.RUNNING}).order_by("started_at")[:limit]
    waiting = dict(Run.objects.filter(state=Run.QUEUED).values_list("queue").annotate(Count("pk")).order_by())
    unheard = [queue for queue in unheard_queues() if waiting.get(queue)] if waiting else []
    return Activity(list(running), sum(waiting.values()), unheard)


def run_record(run: Run) -> dict[str, Any]:
    """Everything the run's page shows, as plain data."""
    return {**run_summary(run), "cause": cause_of(run), "log": run.log, "curve": run.curve,
            "environment": run.environment, "hyperparameters": params_of(run), "command": command_of(run),
            "comparison": comparison_record(compared) if (compared := comparison_of(run)) else None,
            "replays": [comparison_record(each) for each in comparisons_of(run)]}


def run_summary(run: Run) -> dict[str, Any]:
    """A run as one row of a list, as plain data."""
    return {"id": run.pk, "arena": run.method.arena_id, "method": run.method.slug, "setting": run.setting,
            "scale": run.scale, "seed": run.seed, "params": run.params, "code_digest": run.code_digest,
            "stale": run.stale, "replay_of": run.replay_of_id, "request": run.request_key, "state": run.state,
            "cause": run.cause, "failure": run.failure, "queue": run.queue, "requested_at": run.requested_at,
            "requested_by": run.requested_by.get_username() if run.requested_by else None,
            "started_at": run.started_at, "finished_at": run.finished_at, "attempts": run.attempts,
            "worker": run.worker, "progress": run.progress, "progress_text": run.progress_text, "counts": run.counts,
            "seconds": run.seconds, "peak_memory_mb": run.peak_memory_mb, "device": run.device, "origin": run.origin,
            "scores": {score.metric: score.value for score in run.scores.all()}}


def summaries(runs: Iterable[Run]) -> list[dict[str, Any]]:
    return [run_summary(run) for run in runs]
