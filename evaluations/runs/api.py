"""Runs as data: what the pages show, and the same requests."""

from datetime import datetime
from typing import Annotated, Any

from django.shortcuts import get_object_or_404
from ninja import Field, FilterSchema, Query, Router, Schema, Status
from ninja.errors import HttpError
from ninja.pagination import paginate

from evaluations.models import Run
from evaluations.runs import replays, requests, selectors, services
from evaluations.runs.extensions import OverBudget
from papers.parameters import Body, Id, Pages, Seed, Word
from papers.web import may_call

router = Router(tags=["runs"])


class RunSummary(Schema):
    id: int
    arena: str
    method: str
    setting: str
    scale: str
    seed: int
    params: dict[str, Any]
    code_digest: str
    stale: bool
    replay_of: int | None
    request: str
    state: str
    cause: str
    failure: str
    queue: str
    requested_at: datetime
    requested_by: str | None
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    worker: str
    progress: float
    progress_text: str
    counts: dict[str, float]
    seconds: float | None
    peak_memory_mb: float | None
    device: str
    origin: str
    scores: dict[str, float]


class Hyperparameter(Schema):
    name: str
    value: Any
    default: Any
    help: str
    changed: bool


class MetricPair(Schema):
    name: str
    then: float | None
    now: float | None
    difference: float | None
    tolerance: float
    outcome: str


class EnvironmentFact(Schema):
    name: str
    then: str
    now: str


class Replay(Schema):
    id: int
    original: int
    state: str
    outcome: str = Field(description="bit-equal, within tolerance, different, other code, under way or no result")
    sentence: str
    same_scores: bool | None
    metrics: list[MetricPair]
    environment_changed: list[EnvironmentFact]
    environment_unrecorded: list[EnvironmentFact]


class RunRecord(RunSummary):
    log: str
    curve: list[dict[str, float]]
    environment: dict[str, Any]
    hyperparameters: list[Hyperparameter]
    command: str
    comparison: Replay | None = Field(None, description="for a replay: how it stands to the run it repeats")
    replays: list[Replay]


class ReplayQueued(Schema):
    run: int
    replay_of: int
    code_changed: bool
    caution: str


class RunFilters(FilterSchema):
    state: Word = Field("", description="queued, running, done, failed, cancelled, or active")
    arena: Word = ""
    method: Word = ""
    setting: Word = ""
    scale: Word = ""
    queue: Word = ""
    request: Word = Field("", description="the key that POST /runs answered")


Seeds = Annotated[str, Field(max_length=20_000)] | Annotated[list[Seed], Field(max_length=requests.MOST_SEEDS)]


class RunRequest(Body):
    target: Word = Field(description="method:ARENA/METHOD, arena:ARENA, paper:NUMBER or claim:NUMBER")
    setting: Word = Field("default", description="a setting, all, or claims")
    scale: Word = "full"
    seeds: Seeds = Field("10", description=f'how many ("10"), a range ("3-7") or a list; at most '
                                                       f"{requests.MOST_SEEDS}")
    queue: Word = "cpu"
    params: dict[str, Any] = {}
    variants: Annotated[list[dict[str, Any]], Field(max_length=100)] = Field(
        [], description="in place of `params`: several sets of hyperparameters, each of which is run")


class Refusal(Schema):
    method: str
    reason: str


class RequestOut(Schema):
    request: str
    queued: list[int]
    already_measured: list[int]
    already_queued: list[int]
    refused: list[Refusal]
    worker_listening: bool
    reason: str = Field(description="why what is queued does not start now; empty when it does")


class Summarising(Pages):
    """Turns only the rows of the page into data."""

    def paginate_queryset(self, queryset, pagination, request, **params):
        page = super().paginate_queryset(queryset, pagination, request, **params)
        return {**page, "items": selectors.summaries(page["items"])}


@router.get("/runs", response=list[RunSummary], summary="Runs, newest first")
@paginate(Summarising, times=("requested_at", "finished_at"))
def list_runs(request, filters: Query[RunFilters]):
    """With `since` those that were asked for, or ended, then or later."""
    return selectors.run_list(filters.dict())


@router.get("/runs/{pk}", response=RunRecord, summary="Everything about one run")
def get_run(request, pk: Id):
    return selectors.run_record(_run(pk))


@router.post("/runs", response={202: RequestOut}, summary="Queue what is not measured yet")
@may_call("evaluations.add_run")
def post_runs(request, body: RunRequest):
    try:
        target = requests.find_target(body.target)
        if (body.params or body.variants) and not target.tunable:
            raise ValueError("params and variants need a single method as target")
        if body.params and body.variants:
            raise ValueError("either params or variants, not both")
        seeds = requests.parse_seeds(body.seeds) if isinstance(body.seeds, str) else body.seeds
        report = services.request_runs(methods=target.methods, setting=body.setting, scale=body.scale, seeds=seeds,
                                       queue=body.queue, params=body.params, requested_by=request.user,
                                       questions=target.questions, variants=body.variants or None)
    except LookupError as error:
        raise HttpError(404, str(error)) from error
    except ValueError as error:
        raise HttpError(409 if isinstance(error, OverBudget) else 400, str(error)) from error
    return Status(202, {
        "request": report.key, "queued": report.queued, "already_measured": report.already_measured,
        "already_queued": report.already_queued, "reason": report.waits_for,
        "worker_listening": services.listening(body.queue) and not report.waits_for,
        "refused": [{"method": key, "reason": reason} for key, reason in report.refused]})


@router.post("/runs/{pk}/cancel", response=RunRecord, summary="Cancel a queued or running run")
@may_call("evaluations.change_run")
def cancel_run(request, pk: Id):
    run = _run(pk)
    if not services.cancel_run(pk=pk, by=request.user):
        raise HttpError(409, f"run {pk} had ended before: it is {run.state}")
    return selectors.run_record(_run(pk))


@router.post("/runs/{pk}/retry", response=RunRecord, summary="Queue a failed run again")
@may_call("evaluations.change_run")
def retry_run(request, pk: Id):
    _run(pk)
    try:
        services.retry_run(pk=pk, by=request.user)
    except ValueError as error:
        raise HttpError(409, str(error)) from error
    return selectors.run_record(_run(pk))


@router.post("/runs/{pk}/replay", response={202: ReplayQueued}, summary="Measure a finished run once more and compare")
@may_call("evaluations.add_run")
def replay_run(request, pk: Id):
    run = _run(pk)
    try:
        replay = replays.request_replay(run=run, by=request.user)
    except ValueError as error:
        raise HttpError(409, str(error)) from error
    caution = replays.caution(run)
    return Status(202, {"run": replay.pk, "replay_of": replay.replay_of_id, "code_changed": bool(caution),
                        "caution": caution})


def _run(pk: int) -> Run:
    return get_object_or_404(Run.objects.select_related(
        "method__arena", "requested_by", "replay_of__method__arena").prefetch_related("scores"), pk=pk)
