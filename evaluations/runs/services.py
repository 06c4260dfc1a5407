"""Runs from request to result. The row is the truth and every message a hint.

State moves only by conditional update: an update that no longer fits changes no row, so a message delivered
twice, a worker that was given up and comes back, or two people pressing one button do no harm.
"""

from __future__ import annotations

import logging
import math
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from evaluations.models import DeviceLease, Run, Score, Worker, params_key
from evaluations.runs import broker
from evaluations.runs.extensions import before_queueing
from evaluations.runs.kept_code import kept_for
from evaluations.runs.requests import MOST_SEEDS, requested
from methods.kit.params import params_from
from methods.models import Method
from methods.selectors import refusals
from papers import history
from papers.following.happenings import happened
from papers.parameters import MOST_SEED

logger = logging.getLogger(__name__)

ATTEMPTS = 3  # the first and two more, when the machine failed and not the method
QUEUES = ("cpu", "gpu")
LOST_AFTER = timedelta(seconds=15)  # a run or a worker not heard of for this long is given up
HUNG_AFTER = timedelta(minutes=2)  # ... and one whose process is seen to be there, for this long
RESEND_AFTER = timedelta(seconds=10)
RESEND_AT_ONCE = 1000
LOG_LIMIT = 64 * 1024
VERDICT_SECONDS = 5.0  # at most one recomputation of an arena's verdicts in this time while runs come in


@dataclass
class RequestReport:
    """What came of a request: primary keys of runs, and refusals as (method's key, reason)."""

    key: str
    queued: list[int] = field(default_factory=list)
    already_measured: list[int] = field(default_factory=list)
    already_queued: list[int] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    waits_for: str = ""  # why what is queued does not start now, once the request is through

    def __str__(self):
        parts = [f"{len(self.queued)} queued"]
        if self.already_measured:
            parts.append(f"{len(self.already_measured)} already measured by the present code")
        if self.already_queued:
            parts.append(f"{len(self.already_queued)} already queued")
        parts += [f"{key}: {reason}" for key, reason in self.refused]
        if self.waits_for:
            parts.append(self.waits_for)
        return "; ".join(parts)


@transaction.atomic
def request_runs(*, methods: Iterable[Method], setting: str = "default", scale: str = "full",
                 seeds: Iterable[int] = range(10), queue: str = "cpu", params: dict[str, Any] | None = None,
                 requested_by=None, replay_of: Run | None = None,
                 questions: Iterable[tuple[Method, str]] | None = None,
                 variants: Iterable[dict[str, Any]] | None = None) -> RequestReport:
    """Queue the runs that the present code has not measured yet. Safe to repeat and to call at the same time.

    `setting` is a name, "all", or "claims": whatever the methods' claims compare, rivals included. `questions`,
    pairs of method and setting, take the place of `methods` and `setting`. `params` apply to every method;
    `variants`, several such sets, ask for each. With `replay_of`, a measured run is measured once more, to compare,
    with its own code where that is kept. Raises ValueError when the request itself makes no sense or (OverBudget)
    takes more than the person has left today; what one method cannot do is refused in the report.
    """
    if queue not in QUEUES:
        raise ValueError(f"no queue {queue}; there are {', '.join(QUEUES)}")
    seeds = sorted(set(seeds))
    if not seeds or len(seeds) > MOST_SEEDS or seeds[0] < 0 or seeds[-1] > MOST_SEED:
        raise ValueError(f"seeds are whole numbers from 0 to {MOST_SEED}, at least one and at most {MOST_SEEDS}")
    report = RequestReport(secrets.token_hex(8))
    own_code = replay_of.code_digest if replay_of and kept_for(replay_of) else ""
    by_question: dict[tuple, Run] = {}
    asked = list(requested(methods, setting) if questions is None else questions)
    broken = refusals(method.arena_id for method, _ in asked) if not own_code else {}
    for (method, name), own in product(asked, [params or {}] if variants is None else list(variants)):
        problem, values = _check(method, name, scale, own, broken)
        if problem:
            report.refused.append((method.key, problem))
            continue
        key, code = params_key(values), own_code or method.run_digest(name, scale)
        for seed in seeds:
            by_question.setdefault((method.pk, name, key, seed), Run(
                method=method, setting=name, scale=scale, seed=seed, params=values, params_key=key, queue=queue,
                code_digest=code, replay_of=replay_of, requested_by=requested_by, request_key=report.key,
                cause=f"waiting for a worker of the {queue} queue"))
    # a table fills evenly: the first seed of every method, the baseline's first, then the next
    wanted = sorted(by_question.values(), key=lambda run: (run.seed, run.method.slug != run.method.arena.baseline))
    if replay_of is None:
        wanted = _leave_out_existing(wanted, report)
    for check in before_queueing:
        check(requested_by, wanted)
    Run.objects.bulk_create(wanted, batch_size=500, ignore_conflicts=True)
    made = list(Run.objects.filter(request_key=report.key).order_by("pk"))
    report.queued = [run.pk for run in made]
    if made:
        _tell(made, {method.pk: method.key for method, _ in asked}, replay_of, requested_by)
    if len(made) < len(wanted):  # another request was quicker
        _leave_out_existing([run for run in wanted if _question(run) not in {_question(r) for r in made}], report)
    transaction.on_commit(lambda: _send(report, queue))
    return report


def _tell(made: list[Run], keys: Mapping[int, str], replay_of: Run | None, by) -> None:
    """Note whose request these runs are."""
    methods = dict.fromkeys(f"method:{keys[run.method_id]}" for run in made)
    if replay_of:
        history.record("asked to replay", f"run:{replay_of.pk}", *methods, by=by)
    else:
        history.record("requested runs of", *methods, by=by, words=f"{len(made)} of "
                       f"{', '.join(dict.fromkeys(run.setting for run in made))}, {made[0].scale} scale")


def _send(report: RequestReport, queue: str) -> None:
    if not send_runs(report.queued):
        report.waits_for = broker.away() or broker.AWAY
    elif (report.queued or report.already_queued) and not listening(queue):
        report.waits_for = f"no worker listens to the queue {queue}, so they wait until one does"


def _check(method: Method, setting: str, scale: str, params: dict[str, Any], broken: Mapping[tuple[str, str], str]
           ) -> tuple[str, dict[str, Any]]:
    """Why the method cannot be run so ("" if it can), and the hyperparameters that differ from the defaults."""
    if not method.present or not method.arena.present:
        return "its file is not there any more", {}
    why = broken.get((method.arena_id, "")) or broken.get((method.arena_id, method.slug))
    if why:
        return f"its file is broken: {why}", {}
    names = [s["name"] for s in method.arena.settings]
    if setting not in names:
        return f"{method.arena_id} has no setting {setting}; it has {', '.join(names)}", {}
    if scale not in method.arena.scales:
        return f"{method.arena_id} has no scale {scale}; it has {', '.join(method.arena.scales)}", {}
    declared = params_from(method.params)
    unknown = sorted(set(params) - set(declared))
    if unknown:
        return f"no hyperparameter {', '.join(unknown)}; it has {', '.join(declared) or 'none'}", {}
    try:
        values = {name: declared[name].check(value) for name, value in params.items()}
    except ValueError as error:
        return str(error), {}
    except OverflowError:  # whole numbers that no float can be
        large = next(name for name, value in params.items() if isinstance(value, int) and abs(value) >= 2**1023)
        return f"{large} must be {declared[large].allowed}, not so large a number", {}
    return "", {name: value for name, value in values.items() if value != declared[name].default}


def _question(run: Run) -> tuple:
    return run.method_id, run.setting, run.scale, run.params_key, run.seed, run.code_digest


def _leave_out_existing(wanted: list[Run], report: RequestReport) -> list[Run]:
    """The runs that are neither measured nor queued; the others are noted in the report."""
    existing = {_question(run): run for run in Run.objects.filter(
        method__in={run.method_id for run in wanted}, replay_of=None, state__in=[*Run.ACTIVE, Run.DONE]).only(
        "method_id", "setting", "scale", "params_key", "seed", "code_digest", "state")}
    missing = []
    for run in wanted:
        found = existing.get(_question(run))
        if found is None:
            missing.append(run)
        elif found.state == Run.DONE:
            report.already_measured.append(found.pk)
        else:
            report.already_queued.append(found.pk)
    return missing


def send_runs(pks: Iterable[int]) -> bool:
    """Tell the workers of queued runs; False when the broker does not answer, and then the sweep tells them later."""
    rows = Run.objects.filter(pk__in=list(pks), state=Run.QUEUED).select_related("method__arena").only(
        "seed", "queue", "method__slug", "method__arena__baseline").order_by("pk")
    try:
        with current_app.producer_or_acquire() as producer:
            for run in rows:
                current_app.signature("workers.execute_run", args=[run.pk]).apply_async(
                    queue=run.queue, priority=_priority(run), producer=producer)
    except OperationalError as error:
        logger.warning("the broker does not answer: %s", error)
        Run.objects.filter(pk__in=[run.pk for run in rows], state=Run.QUEUED).update(cause=broker.AWAY)
        return False
    return True


def _priority(run: Run) -> int:
    """Redis priority, 0 first, in the steps 0, 3, 6, 9: small seeds and baselines fill a table evenly."""
    step = (0 if run.seed == 0 else 1 if run.seed < 3 else 2 if run.seed < 5 else 3)
    if run.method.slug == run.method.arena.baseline:
        step = max(step - 1, 0)
    return 3 * step


def _held(run: Run):
    """The row, if this attempt still holds it: the moment of the claim tells attempts apart."""
    return Run.objects.filter(pk=run.pk, state=Run.RUNNING, worker=run.worker, started_at=run.started_at)


@transaction.atomic
def claim_run(*, pk: int, worker: str) -> Run | None:
    """Take a queued run for `worker`; None when it is not queued (any more)."""
    now = timezone.now()
    taken = Run.objects.filter(pk=pk, state=Run.QUEUED).update(
        state=Run.RUNNING, worker=worker, attempts=F("attempts") + 1, started_at=now, heartbeat_at=now,
        finished_at=None, progress=0.0, progress_text="starting", cause=f"running on {worker}", failure="", curve=[])
    return Run.objects.select_related("method__arena").get(pk=pk) if taken else None


def _finite(points: list[dict[str, float]]) -> list[dict[str, float]]:
    """Without values that JSON cannot hold, as those of a run that diverges."""
    return [{name: value for name, value in point.items() if not isinstance(value, float) or math.isfinite(value)}
            for point in points]


def record_progress(run: Run, *, progress: float, text: str, log: str, curve: list, cause: str = "") -> bool:
    """Write what is known of a running run, with its heartbeat. False when it was cancelled or given to another."""
    return _held(run).update(progress=progress, progress_text=text[:200], log=log[-LOG_LIMIT:], curve=_finite(curve),
                             cause=cause or f"running on {run.worker}", heartbeat_at=timezone.now()) == 1


def adopt_code(run: Run, *, digest: str) -> str:
    """Note that other code than was asked for is about to run. Returns why it should not, "" to go on."""
    return "" if digest == run.code_digest else _adopt(run, digest)


@transaction.atomic
def _adopt(run: Run, digest: str) -> str:
    if run.replay_of_id is None:
        other = Run.objects.filter(method=run.method, setting=run.setting, scale=run.scale, seed=run.seed,
                                   params_key=run.params_key, code_digest=digest, replay_of=None,
                                   state__in=[*Run.ACTIVE, Run.DONE]).exclude(pk=run.pk).first()
        if other:
            return f"the code changed while this run was queued, and run {other.pk} measures the present code"
    _held(run).update(code_digest=digest)
    run.code_digest = digest
    return ""


@transaction.atomic
def record_outcome(run: Run, *, outcome: dict[str, Any], log: str, device: str = "") -> bool:
    """Finish a run with its scores. False when it was cancelled or given to another in the meantime."""
    now = timezone.now()
    finished = _held(run).update(
        state=Run.DONE, cause=f"finished in {outcome['seconds']:.1f} s", failure="", finished_at=now, heartbeat_at=now,
        progress=1.0, progress_text="", log=log[-LOG_LIMIT:], curve=_finite(outcome["curve"]),
        counts=_finite([outcome["counts"]])[0],
        seconds=outcome["seconds"], peak_memory_mb=outcome["peak_memory_mb"], device=device or outcome["device"],
        environment=outcome["environment"])
    if not finished:
        return False
    Score.objects.filter(run=run).delete()
    Score.objects.bulk_create(Score(run=run, metric=name, value=value) for name, value in outcome["scores"].items())
    DeviceLease.objects.filter(run=run).delete()
    happened("run", run.pk)
    if run.replay_of_id is None:
        transaction.on_commit(lambda: refresh_verdicts(run.method.arena_id))
    return True


@transaction.atomic
def record_failure(run: Run, *, failure: str, cause: str, log: str = "", curve: list | None = None,
                   seconds: float | None = None, peak_memory_mb: float | None = None, device: str = "",
                   code_digest: str = "") -> None:
    """End an attempt without a result. What the machine did is tried again, what the method did is not.

    A run that lost its worker goes out again at once; after a failure of the machine the next sweep sends it,
    which gives a full disk or a missing network a moment.
    """
    if failure == "lost" and not _held(run).filter(heartbeat_at=run.heartbeat_at).exists():
        return  # it was heard of while this waited for its turn to write
    DeviceLease.objects.filter(run=run).delete()
    facts = {"failure": failure, "log": log[-LOG_LIMIT:], "finished_at": timezone.now(), "seconds": seconds,
             "peak_memory_mb": peak_memory_mb, "curve": _finite(curve or []), "device": device}
    if failure in ("machine", "lost") and run.attempts < ATTEMPTS:
        again = f"{cause}; trying again, attempt {run.attempts + 1} of {ATTEMPTS}"
        facts["finished_at"] = None
        held = _held(run).update(**facts, state=Run.QUEUED, cause=again, progress=0.0, progress_text="")
        if held and failure == "lost":
            transaction.on_commit(lambda: send_runs([run.pk]))
        return
    if failure in ("machine", "lost"):
        cause = f"{cause}; given up after {run.attempts} attempts"
    if _held(run).update(**facts, state=Run.FAILED, cause=cause, progress_text="",
                         code_digest=code_digest or run.code_digest):
        happened("run", run.pk)


@transaction.atomic
def release_run(run: Run, *, cause: str, log: str = "") -> None:
    """Give a run back to its queue because its worker stops; this attempt does not count."""
    DeviceLease.objects.filter(run=run).delete()
    if _held(run).update(state=Run.QUEUED, cause=cause, attempts=F("attempts") - 1, log=log[-LOG_LIMIT:],
                         progress=0.0, progress_text=""):
        transaction.on_commit(lambda: send_runs([run.pk]))


@transaction.atomic
def supersede_run(run: Run, *, cause: str, log: str = "") -> None:
    """End an attempt that turned out to be unneeded."""
    DeviceLease.objects.filter(run=run).delete()
    if _held(run).update(state=Run.CANCELLED, cause=cause, log=log[-LOG_LIMIT:], finished_at=timezone.now(),
                         progress_text=""):
        happened("run", run.pk)


@transaction.atomic
def cancel_run(*, pk: int, by) -> bool:
    """Cancel a queued or running run; its worker stops it within a second. False when it had ended."""
    cancelled = Run.objects.filter(pk=pk, state__in=Run.ACTIVE).update(
        state=Run.CANCELLED, cause=f"cancelled by {by}", finished_at=timezone.now(), progress_text="") == 1
    if cancelled:
        happened("run", pk)
        history.record("cancelled", f"run:{pk}", by=by)
    return cancelled


@transaction.atomic
def retry_run(*, pk: int, by) -> Run:
    """Queue a failed or cancelled run again, on the present code. Raises ValueError saying why it cannot be."""
    run = Run.objects.select_related("method__arena").get(pk=pk)
    if run.state not in (Run.FAILED, Run.CANCELLED):
        raise ValueError(f"run {pk} is {run.state}; only a failed or cancelled run can be tried again")
    problem, _ = _check(run.method, run.setting, run.scale, run.params, refusals([run.method.arena_id]))
    if problem:
        raise ValueError(f"run {pk} cannot be tried again: {problem}")
    code = run.method.run_digest(run.setting, run.scale)
    twin = Run.objects.filter(method=run.method, setting=run.setting, scale=run.scale, params_key=run.params_key,
                              seed=run.seed, code_digest=code, replay_of=None,
                              state__in=[*Run.ACTIVE, Run.DONE]).first() if run.replay_of_id is None else None
    if twin:
        raise ValueError(f"run {twin.pk} asks the same of the present code already; it is {twin.state}")
    before = f"{run.state}: {run.cause}"
    if Run.objects.filter(pk=pk, state=run.state).update(
            state=Run.QUEUED, attempts=0, code_digest=code, failure="", finished_at=None,
            cause=f"queued again by {by}", log=f"{run.log}\n--- {before} ---\n"[-LOG_LIMIT:], progress=0.0):
        history.record("queued again", f"run:{pk}", by=by)
        transaction.on_commit(lambda: send_runs([pk]))
    run.refresh_from_db()
    return run


def sweep_runs(*, waiting: dict[str, int] | None, dead_workers: Iterable[str] = (), live_workers: Iterable[str] = (),
               in_hand: Iterable[int] = (), judge_silence: bool = True) -> dict[str, int]:
    """Bring back runs whose worker is gone and runs whose message is gone; counts of both.

    `waiting` is the number of messages per queue, None when the broker does not answer. `dead_workers` are known
    to have died; any other worker is given up when a run of its has had no heartbeat for LOST_AFTER. That is not
    judged where whoever sweeps could not write in time itself (`judge_silence`), nor of runs it is at itself
    (`in_hand`); `live_workers`, whose process it sees, have until HUNG_AFTER.
    """
    now = timezone.now()
    running = Run.objects.filter(state=Run.RUNNING)
    lost_runs = running.filter(worker__in=list(dead_workers))
    if judge_silence:
        silent = running.filter(heartbeat_at__lt=now - LOST_AFTER).exclude(pk__in=list(in_hand))
        lost_runs |= silent.exclude(worker__in=list(live_workers), heartbeat_at__gte=now - HUNG_AFTER)
    lost = 0
    for run in lost_runs.select_related("method__arena"):
        cause = "its worker died" if run.worker in dead_workers else \
            f"its worker stopped answering at {run.heartbeat_at:%H:%M:%S} UTC"
        record_failure(run, failure="lost", cause=cause, log=f"{run.log}\n--- {cause} ({run.worker}) ---\n",
                       curve=run.curve)
        lost += 1
    DeviceLease.objects.exclude(run__state=Run.RUNNING).delete()
    resent = 0
    for queue in QUEUES:
        if waiting is None or waiting.get(queue, 0):
            continue  # messages are there: whoever's is missing shows when they are gone
        pks = Run.objects.filter(
            Q(requested_at__lt=now - RESEND_AFTER) | Q(cause=broker.AWAY), state=Run.QUEUED, queue=queue).order_by(
            "seed", "pk").values_list("pk", flat=True)[:RESEND_AT_ONCE]
        resent += len(pks) if pks and send_runs(pks) else 0
    return {"lost": lost, "resent": resent}


_refreshed: dict[str, float] = {}  # when this process last asked for an arena's verdicts


def refresh_verdicts(arena: str) -> None:
    """Have an arena's verdicts recomputed: when its last run ends, and now and then before."""
    now = time.monotonic()
    busy = Run.objects.filter(method__arena=arena, state__in=Run.ACTIVE).exists()
    if busy and now - _refreshed.get(arena, -VERDICT_SECONDS) < VERDICT_SECONDS:
        return
    _refreshed[arena] = now
    try:
        current_app.signature("evaluations.update_verdicts", args=[arena]).apply_async(queue="tasks")
    except OperationalError as error:
        logger.warning("the broker does not answer, verdicts of %s wait for the next refresh: %s", arena, error)


def listening(queue: str) -> bool:
    """Whether a live worker takes runs from this queue."""
    fresh = Worker.objects.filter(seen_at__gte=timezone.now() - LOST_AFTER)
    return any(queue in queues for queues in fresh.values_list("queues", flat=True))
