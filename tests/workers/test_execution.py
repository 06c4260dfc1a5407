"""Runs through a real broker and a real worker process: results, failures, limits, cancellation."""

from __future__ import annotations

import os
import signal

import pytest
from celery import current_app
from django.db import transaction

from evaluations.models import Library, Run
from evaluations.runs import replays, services
from tests.services import wait_until
from tests.workers.conftest import eventually_gone, run_process

pytestmark = pytest.mark.xdist_group("workers")


def test_a_run_is_done_with_its_scores_and_facts(worker, ask, until):
    run = until(ask("steady", shift=2.5), Run.DONE, Run.FAILED)
    assert run.state == Run.DONE, run.cause + run.log
    assert run.params == {"shift": 2.5}
    assert {score.metric for score in run.scores.all()} == {"score", "cost"}
    assert run.counts == {"gradients": 7}
    assert run.attempts == 1 and run.progress == 1.0 and run.failure == ""
    assert run.worker.endswith(f":{worker.pid}")
    assert run.device == "cpu" and run.environment["threads"] == "1" and "torch" in run.environment
    assert 0 < run.peak_memory_mb < 900 and run.seconds < 5
    assert run.started_at <= run.finished_at
    assert run.cause.startswith("finished in")


def test_the_same_seed_gives_the_same_score(worker, ask, until):
    first = until(ask("steady"), Run.DONE)
    report = services.request_runs(methods=[first.method], seeds=[first.seed], replay_of=first)
    again = until(Run.objects.get(pk=report.queued[0]), Run.DONE)
    assert again.replay_of == first
    assert [s.value for s in again.scores.order_by("metric")] == [s.value for s in first.scores.order_by("metric")]


def test_a_replay_runs_the_code_of_its_time(installation, worker, ask, until):
    first = until(ask("steady"), Run.DONE)
    path = installation.project / "methods" / "arenas" / "proving_ground" / "steady.py"
    text = path.read_text()
    try:
        path.write_text(text.replace("+ self.shift", "+ self.shift + 1"))
        assert installation.manage("sync_methods").returncode == 0
        first = Run.objects.get(pk=first.pk)
        assert first.stale and replays.caution(first) == ""
        again = until(replays.request_replay(run=first), Run.DONE, Run.FAILED)
        assert again.state == Run.DONE, again.cause + again.log
        assert replays.comparison_of(again).outcome == replays.EQUAL

        Library.objects.all().delete()
        assert "is not kept" in replays.caution(first)
        other = replays.comparison_of(until(replays.request_replay(run=first), Run.DONE))
        assert other.outcome == replays.OTHER_CODE
        assert {pair.name: pair.difference for pair in other.metrics} == {"score": pytest.approx(1), "cost": 0}
    finally:
        path.write_text(text)
        assert installation.manage("sync_methods").returncode == 0


def test_a_message_delivered_twice_changes_nothing(worker, ask, until):
    run = until(ask("steady"), Run.DONE)
    before = Run.objects.filter(pk=run.pk).values().get()
    for _ in range(3):
        current_app.signature("workers.execute_run", args=[run.pk]).apply_async(queue="cpu")
    later = until(ask("steady"), Run.DONE)  # the queue has been worked off by now
    assert later.pk > run.pk
    assert Run.objects.filter(pk=run.pk).values().get() == before
    assert run.scores.count() == 2


def test_duplicates_while_it_runs_start_no_second_process(worker, ask, until):
    run = until(ask("sleepy", seconds=1.0), Run.RUNNING)
    for _ in range(3):
        current_app.signature("workers.execute_run", args=[run.pk]).apply_async(queue="cpu")
    run = until(run, Run.DONE)
    assert run.attempts == 1 and run.scores.count() == 2
    assert run.log.count("slept 5 times") == 1


def test_progress_curve_and_log_are_there_while_it_runs(worker, ask, until):
    run = until(ask("sleepy", seconds=2.5), Run.RUNNING)
    moving = Run.objects.filter(pk=run.pk, state=Run.RUNNING, progress__gt=0.2, progress__lt=1).exclude(log="")
    seen = wait_until(moving.first, seconds=5, what="progress and log", pause=0.05)
    assert "slept 5 times" in seen.log and len(seen.curve) >= 2 and seen.progress_text.startswith("step ")
    assert seen.cause.startswith("running on")
    run = until(run, Run.DONE)
    assert len(run.curve) == 25 and "slept 25 times" in run.log


def test_a_bug_is_shown_with_its_traceback_and_not_tried_again(worker, ask, until):
    run = until(ask("broken"), Run.FAILED)
    assert run.failure == "method" and run.attempts == 1
    assert run.cause.startswith("the method's code failed: KeyError: 'nothing here'; the log has the line")
    assert "before the bug" in run.log and "Traceback" in run.log and "broken.py" in run.log
    assert run.curve == [{"step": 1, "loss": 0.5}]


def test_a_file_that_broke_after_it_was_mirrored_ends_its_run_with_file_line_and_reason(worker, installation, ask,
                                                                                        until):
    path = installation.project / "methods" / "arenas" / "proving_ground" / "steady.py"
    text = path.read_text()
    line = text[:text.index("class Steady(")].count("\n") + 1
    try:
        path.write_text(text.replace("class Steady(", "class Staedy("))
        run = until(ask("steady"), Run.FAILED, Run.DONE)
    finally:
        path.write_text(text)
    assert (run.failure, run.attempts) == ("method", 1)
    assert run.cause == (f"methods/arenas/proving_ground/steady.py, line {line}: needs a class Steady(Misbehaviour), "
                         "not Staedy")


def test_leaving_without_an_outcome_is_the_methods_failure(worker, ask, until):
    run = until(ask("quitting"), Run.FAILED)
    assert (run.failure, run.attempts) == ("method", 1)
    assert run.cause == "the process ended with exit status 3 and no outcome"


def test_a_crash_names_its_signal(worker, ask, until):
    run = until(ask("quitting", how="crash"), Run.FAILED)
    assert (run.failure, run.attempts, run.cause) == ("method", 1, "its process crashed (SIGSEGV)")


def test_a_process_killed_from_outside_is_tried_again(worker, ask, until):
    run = until(ask("sleepy", seconds=1.5), Run.RUNNING)
    os.kill(run_process(worker.pid), signal.SIGKILL)
    run = until(run, Run.DONE)
    assert run.attempts == 2


def test_a_run_that_is_always_killed_is_given_up_with_its_cause(worker, ask, until):
    run = until(ask("quitting", how="killed"), Run.FAILED)
    assert (run.failure, run.attempts) == ("lost", 3)
    assert "SIGKILL" in run.cause and "given up after 3 attempts" in run.cause


def test_the_time_limit(worker, ask, until):
    run = until(ask("spinning", scale="smoke"), Run.FAILED)
    assert (run.failure, run.attempts) == ("time", 1)
    assert run.cause.startswith("hit the time limit of 1 s of processor time")
    assert run.curve, "what it had recorded is kept"


def test_waiting_is_not_counted_as_processor_time(worker, ask, until):
    run = until(ask("sleepy", scale="smoke", seconds=2.0), Run.DONE, Run.FAILED)
    assert run.state == Run.DONE, run.cause


@pytest.mark.parametrize("at_once", [False, True])
def test_the_memory_limit(worker, ask, until, at_once):
    run = until(ask("hungry", at_once=at_once), Run.FAILED)
    assert (run.failure, run.attempts) == ("memory", 1), run.cause
    assert run.cause.startswith("went over the memory limit of 900 MB")
    if not at_once:
        assert 900 < run.peak_memory_mb < 1400


def test_cancelling_a_running_run_ends_its_process(worker, ask, until):
    run = until(ask("sleepy", seconds=60.0), Run.RUNNING)
    process = run_process(worker.pid)
    assert services.cancel_run(pk=run.pk, by="ada")
    eventually_gone(process, seconds=3)
    run = until(run, Run.CANCELLED)
    assert run.cause == "cancelled by ada"
    assert not services.cancel_run(pk=run.pk, by="bob")


def test_a_cancelled_run_can_be_tried_again(worker, ask, until):
    run = until(ask("sleepy", seconds=30.0), Run.RUNNING)
    services.cancel_run(pk=run.pk, by="ada")
    Run.objects.filter(pk=run.pk).update(params={"seconds": 0.2})
    run = until(services.retry_run(pk=run.pk, by="bob"), Run.DONE)
    assert "cancelled by ada" in run.log
    with pytest.raises(ValueError, match="only a failed or cancelled run"):
        services.retry_run(pk=run.pk, by="bob")


def test_code_that_changed_while_queued_is_recorded_truthfully(worker, installation, ask, until):
    with transaction.atomic():  # its message goes out at the end
        run = ask("steady")
        Run.objects.filter(pk=run.pk).update(code_digest="0" * 64)
    run = until(run, Run.DONE, Run.CANCELLED)
    assert run.state == Run.DONE and not run.stale


def test_a_run_whose_question_the_new_code_has_answered_is_not_measured_twice(worker, ask, until):
    first = until(ask("steady"), Run.DONE)
    with transaction.atomic():
        late = ask("steady")
        Run.objects.filter(pk=late.pk).update(code_digest="0" * 64, seed=first.seed)
    late = until(late, Run.DONE, Run.CANCELLED)
    assert late.state == Run.CANCELLED and f"run {first.pk} measures the present code" in late.cause
    assert not late.scores.exists()


def test_evaluate_waits_and_its_exit_status_tells(installation, worker):
    done = installation.manage("evaluate", "proving-ground", "--method", "steady", "broken", "--seeds", "900-901",
                               "--scale", "smoke", "--wait")
    assert done.returncode == 1
    assert "4 queued" in done.stdout and "2 of 4 done" in done.stdout
    assert "KeyError: 'nothing here'" in done.stderr and "2 failed" in done.stderr
    done = installation.manage("evaluate", "proving-ground", "--method", "steady", "--seeds", "900-901", "--scale",
                               "smoke", "--wait", "--json")
    assert done.returncode == 0 and '"already_measured": [' in done.stdout
