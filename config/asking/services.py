"""Asking for runs, and answering. State moves only by conditional update, so that two answers at once are one."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from config.asking.models import Ask
from evaluations.models import Run
from evaluations.runs.requests import find_target, parse_seeds
from evaluations.runs.services import QUEUES, RequestReport, request_runs
from papers import history
from papers.following.happenings import happened

MOST_OPEN = 20  # of one person
VERBS = {Ask.GRANTED: "granted runs of", Ask.DECLINED: "declined runs of", Ask.WITHDRAWN: "no longer asks for runs of"}


class AskError(ValueError):
    """Something that cannot be asked for or answered. The message says why."""


def ask(*, by: User, target: str, setting: str = "default", scale: str = "full", seeds: str = "10",
        queue: str = "cpu", reason: str = "") -> Ask:
    """Ask that something be run; what the person asks for already is found again.

    Raises AskError, and LookupError when there is no such target.
    """
    found = find_target(target)
    if queue not in QUEUES:
        raise AskError(f"no queue {queue}; there are {', '.join(QUEUES)}")
    try:
        parse_seeds(seeds)
    except ValueError as error:
        raise AskError(str(error)) from error
    if len(seeds) > 200 or len(setting) > 40 or len(scale) > 10:
        raise AskError("setting, scale or seeds are longer than any that there are")
    wish = {"by": by, "target": target, "setting": setting, "scale": scale, "seeds": seeds}
    known = Ask.objects.filter(**wish, state=Ask.OPEN).first()
    if known:
        return known
    if Ask.objects.filter(by=by, state=Ask.OPEN).count() >= MOST_OPEN:
        raise AskError(f"{MOST_OPEN} of your requests are open; withdraw one, or wait for an answer")
    try:
        with transaction.atomic():
            made = Ask.objects.create(**wish, queue=queue, title=found.name[:200],
                                      reason=" ".join(reason.split())[:500])
            history.record("asked for runs of", *_objects(made), by=by, words=made.reason)
    except IntegrityError:  # pressed twice at once
        return Ask.objects.get(**wish, state=Ask.OPEN)
    return made


@transaction.atomic
def grant(*, pk: int, by: User, word: str = "") -> RequestReport:
    """Queue what is asked for, in the name and from the budget of whoever grants it. Raises AskError."""
    made = _answer(pk, Ask.GRANTED, by, word)
    try:
        target = find_target(made.target)
        report = request_runs(methods=target.methods, setting=made.setting, scale=made.scale, queue=made.queue,
                              seeds=parse_seeds(made.seeds), requested_by=by, questions=target.questions)
    except (LookupError, ValueError) as error:
        raise AskError(str(error)) from error
    if not (report.queued or report.already_queued or report.already_measured):
        raise AskError(f"nothing of it can be run: {report}")
    key = report.key if report.queued else ""
    if not key and report.already_queued:  # all that is missing is somebody else's request: its end is this one's
        key = Run.objects.values_list("request_key", flat=True).get(pk=report.already_queued[0])
    Ask.objects.filter(pk=pk).update(request_key=key)
    return report


@transaction.atomic
def decline(*, pk: int, by: User, word: str) -> None:
    """Say no, and why. Raises AskError."""
    if not word.strip():
        raise AskError("say in a word why not: whoever asked reads it")
    _answer(pk, Ask.DECLINED, by, word)


@transaction.atomic
def withdraw(*, pk: int, by: User) -> None:
    """Take back what one asked for oneself. Raises AskError."""
    if not Ask.objects.filter(pk=pk, by=by).exists():
        raise AskError("only whoever asked can withdraw a request")
    _answer(pk, Ask.WITHDRAWN, by, "")


def _answer(pk: int, state: str, by: User, word: str) -> Ask:
    if not Ask.objects.filter(pk=pk, state=Ask.OPEN).update(
            state=state, answered_by=by, answered_at=timezone.now(), word=" ".join(word.split())[:500]):
        now = Ask.objects.filter(pk=pk).values_list("state", flat=True).first()
        raise AskError(f"this request is {now} already" if now else "there is no such request")
    made = Ask.objects.get(pk=pk)
    history.record(VERBS[state], *_objects(made), by=by, words=made.word)
    happened("ask", pk)
    return made


def _objects(made: Ask) -> tuple[str, str]:
    return made.target, f"ask:{made.pk}"
