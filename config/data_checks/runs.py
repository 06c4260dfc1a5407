"""Runs that are stuck or lost their scores, and verdicts that rest on runs which are not there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from config.data_checks.findings import MEND, Finding, named
from evaluations.claims.verdicts import LEAST_SEEDS, gather_evidence, update_verdicts
from evaluations.models import Run, Verdict
from evaluations.runs.services import LOST_AFTER, QUEUES, listening, sweep_runs
from methods.models import Arena
from workers.health import messages_waiting

LONG = timedelta(minutes=2)  # queued, and no message for it


def stuck_runs() -> Iterator[Finding]:
    now = timezone.now()
    waiting = messages_waiting()
    running = Run.objects.filter(state=Run.RUNNING)
    unheard = Q(heartbeat_at=None) | Q(heartbeat_at__lt=now - LOST_AFTER)
    silent = list(running.filter(unheard).values_list("pk", flat=True))
    if silent:
        yield Finding("runs", f"{len(silent)} runs are running, but no worker has been heard of ({named(silent)})",
                      f"{MEND} gives them back to their queue; a worker does so too: make run", _sweep)
    for queue in QUEUES:
        pks = list(Run.objects.filter(state=Run.QUEUED, queue=queue, requested_at__lt=now - LONG).order_by("pk")
                   .values_list("pk", flat=True))
        if not pks:
            continue
        if waiting is None:
            yield Finding("runs", f"{len(pks)} runs wait in the queue {queue}, and the broker does not answer",
                          "start the site: make run", note=True)
        elif not waiting.get(queue):
            yield Finding("runs", f"{len(pks)} runs have long been queued, and no message speaks of them "
                          f"({named(pks)})",
                          f"{MEND} sends them again", _sweep)
        elif not listening(queue):
            yield Finding("runs", f"{len(pks)} runs wait in the queue {queue}, and no worker listens to it",
                          "start one (README, “Add a GPU worker”), or cancel the runs on their pages")


def _sweep() -> str:
    Run.objects.filter(state=Run.RUNNING, heartbeat_at=None).update(heartbeat_at=timezone.now() - 2 * LOST_AFTER)
    done = sweep_runs(waiting=messages_waiting())
    return f"{done['lost']} runs given back, {done['resent']} sent again"


def runs_without_scores() -> Iterator[Finding]:
    pks = list(Run.objects.filter(state=Run.DONE, scores=None).order_by("pk").values_list("pk", flat=True))

    def mend() -> str:
        count = Run.objects.filter(pk__in=pks, state=Run.DONE).update(
            state=Run.FAILED, failure="machine", cause="its scores are lost; try it again to measure it anew")
        return f"{count} runs marked as failed; manage.py evaluate measures them anew"
    if pks:
        yield Finding("runs", f"{len(pks)} finished runs have no scores ({named(pks)})",
                      f"{MEND} marks them as failed, so that they can be measured again; or manage.py restore FILE",
                      mend)


def verdicts() -> Iterator[Finding]:
    """Every current verdict rests on scores that are there, as they are."""
    for arena in Arena.objects.filter(present=True):
        current = Verdict.objects.filter(claim__method__arena=arena, current=True)
        for scale in current.order_by().values_list("scale", flat=True).distinct():
            evidence = {e.claim.pk: e for e in gather_evidence(arena=arena, scale=scale)
                        if len(e.by_seed) >= LEAST_SEEDS}
            gone = [verdict.pk for verdict in current.filter(scale=scale)
                    if verdict.claim_id not in evidence or evidence[verdict.claim_id].basis != verdict.basis]
            if gone:
                def mend(arena=arena, scale=scale) -> str:
                    return f"{len(update_verdicts(arena=arena, scale=scale))} verdicts of {arena.slug} are new"
                yield Finding("verdicts", f"{len(gone)} verdicts of {arena.slug} rest on runs that are gone or changed",
                              f"manage.py verdicts {arena.slug}, or {MEND}", mend)
