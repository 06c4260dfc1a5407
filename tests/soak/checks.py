"""What must hold however much went wrong: nothing lost, doubled, stuck or without a cause."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Count

STUCK_SECONDS = 60.0


@dataclass
class Ledger:
    """What the site said yes to: run numbers of answered requests, and each import's name with its titles."""

    runs: set[int] = field(default_factory=set)
    imports: dict[str, list[str]] = field(default_factory=dict)


class StuckWatch:
    """Runs that no attempt moves: at work without a heartbeat, or waiting while nothing at all ends, for a minute."""

    def __init__(self):
        self.ended_before = -1
        self.moved = time.monotonic()
        self.seen: dict[int, tuple[tuple, float]] = {}  # running run -> (what was last seen of it, since when)
        self.stuck: dict[int, str] = {}

    def look(self) -> None:
        from evaluations.models import Run
        now = time.monotonic()
        ours = Run.objects.filter(scale="smoke")
        ended = ours.exclude(state__in=Run.ACTIVE).count()
        if ended != self.ended_before:
            self.ended_before, self.moved = ended, now
        rows = {pk: (state, heartbeat, attempts) for pk, state, heartbeat, attempts in ours.filter(
            state__in=Run.ACTIVE).values_list("pk", "state", "heartbeat_at", "attempts")}
        if now - self.moved > STUCK_SECONDS:
            for pk, (state, *_) in rows.items():
                self.stuck.setdefault(pk, f"{state} while nothing ended for {now - self.moved:.0f} s")
        self.seen = {pk: self.seen[pk] if pk in self.seen and self.seen[pk][0] == row else (row, now)
                     for pk, row in rows.items() if row[0] == Run.RUNNING}
        for pk, (_, since) in self.seen.items():
            if now - since > STUCK_SECONDS:
                self.stuck.setdefault(pk, f"running without a sign of life for {now - since:.0f} s")

    def still_stuck(self) -> dict[int, str]:
        return self.stuck


def lost(ledger: Ledger) -> list[str]:
    """Runs and papers the site took on and has not brought to an end."""
    from evaluations.models import Run
    from papers.models import Paper
    rows = dict(Run.objects.filter(pk__in=ledger.runs).values_list("pk", "state"))
    problems = [f"run {pk} is gone" for pk in sorted(ledger.runs - set(rows))]
    problems += [f"run {pk} is {state}" for pk, state in rows.items() if state in Run.ACTIVE]
    unscored = Run.objects.filter(pk__in=ledger.runs, state=Run.DONE).annotate(n=Count("scores")).filter(n=0)
    problems += [f"run {run.pk} is done without scores" for run in unscored]
    for name, titles in ledger.imports.items():
        there = set(Paper.objects.filter(title__in=titles).values_list("title", flat=True))
        problems += [f"{name}: “{title}” is not there" for title in titles if title not in there]
    return problems


def doubled(ledger: Ledger) -> list[str]:
    """Questions measured twice, metrics scored twice, papers and appearances there twice."""
    from evaluations.models import Run, Score
    from papers.models import Appearance, Paper
    questions = Run.objects.filter(state=Run.DONE, replay_of=None).values(
        "method", "setting", "scale", "params_key", "seed", "code_digest").annotate(n=Count("pk")).filter(n__gt=1)
    problems = [f"{row['n']} times done: {row}" for row in questions]
    scores = Score.objects.values("run", "metric").annotate(n=Count("pk")).filter(n__gt=1)
    problems += [f"run {row['run']} has {row['n']} scores of {row['metric']}" for row in scores]
    papers = Paper.objects.values("title_key").annotate(n=Count("pk")).filter(n__gt=1)
    problems += [f"{row['n']} papers “{row['title_key']}”" for row in papers]
    places = Appearance.objects.values("digest", "position").annotate(n=Count("pk")).filter(n__gt=1)
    problems += [f"digest {row['digest']} lists {row['n']} papers at {row['position']}" for row in places]
    return problems


def without_cause(ledger: Ledger) -> list[str]:
    from evaluations.models import Run
    rows = Run.objects.filter(pk__in=ledger.runs, cause="")
    unexplained = Run.objects.filter(pk__in=ledger.runs, state=Run.FAILED, failure="")
    return [f"run {run.pk} is {run.state} without a cause" for run in rows | unexplained]


def endings(ledger: Ledger) -> dict[str, int]:
    from evaluations.models import Run
    count: dict[str, int] = defaultdict(int)
    for state, failure in Run.objects.filter(pk__in=ledger.runs).values_list("state", "failure"):
        count[f"{state} ({failure})" if failure else state] += 1
    return dict(count)


def database_is_whole() -> list[str]:
    from django.db import connection
    if connection.vendor != "sqlite":
        return []
    with connection.cursor() as cursor:
        answer = [row[0] for row in cursor.execute("PRAGMA integrity_check").fetchall()]
        foreign = cursor.execute("PRAGMA foreign_key_check").fetchall()
    return [text for text in answer if text != "ok"] + [f"broken reference: {row}" for row in foreign]
