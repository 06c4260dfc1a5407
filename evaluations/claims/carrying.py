"""Scores that stay valid under changed code, because the changed code was seen to give the same numbers.

An edit of code that a method uses changes the digest of its runs, and all its scores go stale though the edit may move
no result. Where both codes have measured a seed and agree in every score and count, to the last bit, the older
runs at other seeds count for the present code too. Each of them says so among its facts.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from evaluations.claims.verdicts import update_verdicts
from evaluations.models import Run
from evaluations.runs.measurements import CARRIED_OVER
from methods.models import Arena, Method


@dataclass(frozen=True)
class Carried:
    """What became of one method's runs by older code. `equal` and `different` are seeds in common."""

    method: Method
    runs: int
    equal: tuple[int, ...]
    different: tuple[int, ...]


@transaction.atomic
def carry_scores(*, arena: Arena, setting: str = "default", scale: str = "full") -> list[Carried]:
    """Let runs by older code count for the present code where that is proved. Safe to repeat.

    Only methods with runs by older code are named; nothing is carried of a code that shares no seed with the present
    one, or that differs in one. Of several older codes the newest comes first.
    """
    found = (Run.objects.filter(method__arena=arena, method__present=True, setting=setting, scale=scale, params_key="",
                                replay_of=None, state__in=[*Run.ACTIVE, Run.DONE])
             .select_related("method").prefetch_related("scores").defer("log", "curve")
             .order_by("finished_at", "pk"))
    runs: dict[Method, dict[str, dict[int, Run]]] = defaultdict(lambda: defaultdict(dict))  # code, then seed
    waiting = set()
    for run in found:
        if run.state == Run.DONE:
            runs[run.method][run.code_digest][run.seed] = run
        elif not run.stale:
            waiting.add((run.method, run.seed))
    report = []
    for method, by_code in sorted(runs.items(), key=lambda item: item[0].slug):
        code = method.run_digest(setting, scale)
        present = by_code.pop(code, {})
        if not by_code:
            continue
        carried, equal, different = 0, set(), set()
        for before in sorted(by_code.values(), key=_newest, reverse=True):
            common = present.keys() & before.keys()
            other = {seed for seed in common if _numbers(present[seed]) != _numbers(before[seed])}
            different |= other
            if other or not common:
                continue
            equal |= common
            proof = ", ".join(str(seed) for seed in sorted(common))
            valid = [run for seed, run in before.items() if seed not in present and (method, seed) not in waiting]
            for run in valid:
                run.environment[CARRIED_OVER] = f"from older code that gave the same numbers at seed {proof}"
                run.code_digest = code
                present[run.seed] = run
            Run.objects.bulk_update(valid, ["code_digest", "environment"])
            carried += len(valid)
        report.append(Carried(method, carried, tuple(sorted(equal)), tuple(sorted(different))))
    if any(carried.runs for carried in report):
        update_verdicts(arena=arena)
    return report


def _newest(runs: dict[int, Run]) -> datetime:
    return max(run.finished_at for run in runs.values() if run.finished_at)


def _numbers(run: Run) -> tuple[dict, dict]:
    return {score.metric: score.value for score in run.scores.all()}, run.counts
