"""Whether a number comes back: a replay measures a finished run once more, and stands beside it metric by metric.

A replay repeats seed, setting, scale and hyperparameters with the code of the run, which is kept where it was measured
(`kept_code`). It is never counted in a table, a verdict or an export. Where only other code is at hand, it is another
measurement and says nothing about the first.

The tolerance of a metric is the larger of two things: RELATIVE of the value, which sums in another order can cost
(another processor, another build of a library), and a tenth of the standard deviation over the seeds of the same
method. Were every run of a table off by that much, the mean over ten seeds would move by at most a seventh of its
95 % half interval, so no reader would be misled.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import stdev
from typing import Any

from evaluations.models import Run, Score
from evaluations.runs import services
from evaluations.runs.kept_code import kept_for
from evaluations.runs.measurements import CARRIED_OVER, LIBRARY

RELATIVE, SHARE_OF_SPREAD, LEAST_SEEDS = 1e-6, 0.1, 3
EQUAL, CLOSE, DIFFERENT, OTHER_CODE = "bit-equal", "within tolerance", "different", "other code"
WAITING, ENDED = "under way", "no result"
SENTENCES = {
    EQUAL: "Every score came back bit for bit.",
    CLOSE: "The scores are not the same to the last bit, but all within tolerance.",
    DIFFERENT: "The number did not come back: at least one score differs by more than its tolerance.",
    OTHER_CODE: "The code has changed between the two, so this is not the same measurement and decides nothing.",
    WAITING: "The replay is under way.",
    ENDED: "The replay ended without a result.",
}
BADGES = {EQUAL: "badge-ok", CLOSE: "badge-ok", DIFFERENT: "badge-bad", OTHER_CODE: "badge-warn",
          WAITING: "badge-info", ENDED: "badge-bad"}
RECORDED = ("python", "torch", "numpy", "scipy", "scikit-learn", "platform", "processor", "instructions", "threads",
            "device")
CHANGED = ("The code of {method} has changed since run {run} (then {then}, now {now}) and the older version is not "
           "kept: this measures the present code and cannot say whether the number comes back.")


@dataclass(frozen=True)
class MetricPair:
    """One metric in both runs; None where a run has no such metric."""

    name: str
    title: str
    unit: str
    then: float | None
    now: float | None
    tolerance: float

    @property
    def difference(self) -> float | None:
        return None if self.then is None or self.now is None else self.now - self.then

    @property
    def outcome(self) -> str:
        if self.difference is None:
            return DIFFERENT
        return EQUAL if self.then == self.now else CLOSE if abs(self.difference) <= self.tolerance else DIFFERENT


@dataclass(frozen=True)
class EnvironmentFact:
    """What one fact of the environment was then and is now; "" where it was not recorded."""

    name: str
    then: str
    now: str

    @property
    def known(self) -> bool:
        return bool(self.then and self.now)

    @property
    def same(self) -> bool:
        return self.then == self.now


@dataclass(frozen=True)
class Comparison:
    """A replay beside the run it repeats."""

    original: Run
    replay: Run
    metrics: tuple[MetricPair, ...]
    environment: tuple[EnvironmentFact, ...]

    @property
    def outcome(self) -> str:
        if self.replay.active:
            return WAITING
        if self.replay.state != Run.DONE:
            return ENDED
        if self.replay.code_digest != self.original.code_digest:
            return OTHER_CODE
        found = {pair.outcome for pair in self.metrics} or {DIFFERENT}
        return next(outcome for outcome in (DIFFERENT, CLOSE, EQUAL) if outcome in found)

    @property
    def sentence(self) -> str:
        return SENTENCES[self.outcome]

    @property
    def badge(self) -> str:
        return BADGES[self.outcome]

    @property
    def changed(self) -> list[EnvironmentFact]:
        return [fact for fact in self.environment if fact.known and not fact.same]

    @property
    def unrecorded(self) -> list[EnvironmentFact]:
        """Facts that one of the two runs, or both, did not write down."""
        return [fact for fact in self.environment if not fact.known]


def request_replay(*, run: Run, by=None) -> Run:
    """Queue a replay of a finished run, or of the run that it replays. Raises ValueError saying why it cannot be."""
    original = run.replay_of or run
    if original.state != Run.DONE:
        raise ValueError(f"run {original.pk} is {original.state}; only a finished run can be replayed")
    report = services.request_runs(
        methods=[original.method], setting=original.setting, scale=original.scale, seeds=[original.seed],
        queue=original.queue, params=original.params, requested_by=by, replay_of=original)
    if not report.queued:
        raise ValueError("; ".join(reason for _, reason in report.refused) or "nothing was queued")
    return Run.objects.get(pk=report.queued[0])


def caution(run: Run) -> str:
    """What a person should know before a replay is started; "" when it will run the same code."""
    original = run.replay_of or run
    if not original.stale or kept_for(original):
        return ""
    return CHANGED.format(method=original.method.title, run=original.pk, then=original.code_digest[:10],
                          now=original.method.run_digest(original.setting, original.scale)[:10])


def comparisons_of(run: Run) -> list[Comparison]:
    """The run's replays, oldest first, each beside it."""
    replays = list(run.replays.prefetch_related("scores").order_by("pk"))
    spread = _tolerances(run) if replays else {}
    return [_compare(run, replay, spread) for replay in replays]


def comparison_of(replay: Run) -> Comparison | None:
    """A replay beside the run it repeats; None for a run that is no replay."""
    if replay.replay_of is None:
        return None
    return _compare(replay.replay_of, replay, _tolerances(replay.replay_of))


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """A comparison as plain data, ready for JSON."""
    return {
        "id": comparison.replay.pk, "original": comparison.original.pk, "state": comparison.replay.state,
        "outcome": comparison.outcome, "sentence": comparison.sentence,
        "same_scores": comparison.outcome == EQUAL if comparison.outcome in (EQUAL, CLOSE, DIFFERENT) else None,
        "metrics": [{"name": pair.name, "then": pair.then, "now": pair.now, "difference": pair.difference,
                     "tolerance": pair.tolerance, "outcome": pair.outcome} for pair in comparison.metrics],
        "environment_changed": [_fact_record(fact) for fact in comparison.changed],
        "environment_unrecorded": [_fact_record(fact) for fact in comparison.unrecorded]}


def _fact_record(fact: EnvironmentFact) -> dict[str, str]:
    return {"name": fact.name, "then": fact.then, "now": fact.now}


def _compare(original: Run, replay: Run, tolerances: dict[str, float]) -> Comparison:
    then, now = ({score.metric: score.value for score in run.scores.all()} for run in (original, replay))
    described = {metric["name"]: metric for metric in original.method.arena.metrics}
    names = [*(name for name in described if name in then or name in now),
             *sorted((set(then) | set(now)) - set(described))]
    done = replay.state == Run.DONE
    pairs = [MetricPair(name, described.get(name, {}).get("title", name), described.get(name, {}).get("unit", ""),
                        then.get(name), now.get(name), tolerances.get(name, 0.0)) for name in names] if done else []
    return Comparison(original, replay, tuple(pairs), _environments(original, replay) if done else ())


def _tolerances(original: Run) -> dict[str, float]:
    """How far each metric may be off: see the top of this file."""
    values: dict[str, list[float]] = defaultdict(list)
    alike = Score.objects.filter(
        run__method=original.method_id, run__setting=original.setting, run__scale=original.scale,
        run__params_key=original.params_key, run__code_digest=original.code_digest, run__state=Run.DONE,
        run__replay_of=None)
    for metric, value in alike.values_list("metric", "value"):
        values[metric].append(value)
    first = {score.metric: score.value for score in original.scores.all()}
    return {metric: max(RELATIVE * abs(value), SHARE_OF_SPREAD * stdev(values[metric])
                        if len(values[metric]) >= LEAST_SEEDS else 0.0) for metric, value in first.items()}


def _environments(original: Run, replay: Run) -> tuple[EnvironmentFact, ...]:
    then, now = _facts(original), _facts(replay)
    names = [*RECORDED, *sorted((set(then) | set(now)) - set(RECORDED))]
    return tuple(EnvironmentFact(name, then.get(name, ""), now.get(name, "")) for name in names)


def _facts(run: Run) -> dict[str, str]:
    left_out = {LIBRARY, CARRIED_OVER}  # the digest says it
    facts = {name: str(value) for name, value in run.environment.items() if name not in left_out}
    return {"device": run.device, **facts}
