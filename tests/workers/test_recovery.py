"""Nothing is lost: workers, messages and the broker are killed, and every run still comes to its end."""

from __future__ import annotations

import os
import shutil
import signal
import time

import pytest

from evaluations.models import Run, Worker
from evaluations.runs import services
from evaluations.runs.selectors import cause_of
from tests.services import wait_until
from tests.workers.conftest import eventually_gone, gone, run_process

pytestmark = pytest.mark.xdist_group("recovery")


@pytest.fixture(autouse=True)
def fresh_workers(installation):
    yield
    installation.stop_workers()
    Run.objects.filter(state__in=Run.ACTIVE).update(state=Run.CANCELLED)


def test_no_worker_listening_is_said_at_once(installation, ask):
    Worker.objects.all().delete()
    run = ask("steady")
    assert not services.listening("cpu")
    assert cause_of(run).startswith("no worker listens to the queue cpu")
    done = installation.manage("evaluate", "proving-ground", "--method", "steady", "--seeds", "800-800")
    assert done.returncode == 0 and "no worker listens to the queue cpu" in done.stdout


def test_runs_queued_before_any_worker_are_done_when_one_comes(installation, ask, until):
    run = ask("steady")
    installation.start_worker()
    until(run, Run.DONE)
    assert services.listening("cpu") and not services.listening("gpu")


@pytest.mark.parametrize("group", [True, False], ids=["whole group", "worker process alone"])
def test_a_killed_workers_run_is_finished_by_the_next_within_seconds(installation, ask, until, group):
    first = installation.start_worker()
    run = until(ask("sleepy", seconds=3.0), Run.RUNNING)
    process = run_process(first.pid)
    (os.killpg if group else os.kill)(first.pid, signal.SIGKILL)
    first.wait()
    eventually_gone(process)
    second = installation.start_worker()
    ready = time.monotonic()
    run = until(run, Run.DONE, seconds=90)
    took = time.monotonic() - ready
    assert run.attempts == 2 and run.worker.endswith(f":{second.pid}")
    assert "its worker died" in run.log
    assert took < 30, f"{took:.1f} s after the next worker was there"


def test_another_live_worker_takes_over(installation, ask, until):
    first, second = installation.start_worker(), installation.start_worker()
    run = until(ask("sleepy", seconds=4.0), Run.RUNNING)
    killed, left = (first, second) if run.worker.endswith(f":{first.pid}") else (second, first)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    run = until(run, Run.DONE, seconds=90)
    assert run.attempts == 2 and run.worker.endswith(f":{left.pid}")


def test_a_worker_told_to_stop_gives_its_run_back_at_once(installation, ask, until):
    worker = installation.start_worker()
    run = until(ask("sleepy", seconds=60.0), Run.RUNNING)
    process = run_process(worker.pid)
    worker.terminate()
    assert worker.wait(15) == 0
    assert gone(process)
    run.refresh_from_db()
    assert run.state == Run.QUEUED and run.attempts == 0
    assert run.cause.startswith("its worker was stopped")
    assert not Worker.objects.filter(pid=worker.pid).exists()


def test_a_stopped_worker_that_comes_back_does_no_harm(installation, ask, until):
    frozen = installation.start_worker()
    run = until(ask("sleepy", seconds=3.0), Run.RUNNING)
    os.kill(frozen.pid, signal.SIGSTOP)  # it answers no more, but its process is there
    try:
        Run.objects.filter(pk=run.pk).update(heartbeat_at=run.heartbeat_at - services.LOST_AFTER)
        installation.start_worker()
        run = until(run, Run.DONE, seconds=90)
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    before = Run.objects.filter(pk=run.pk).values().get()
    assert run.attempts == 2 and "stopped answering" in run.log
    time.sleep(2.0)
    assert Run.objects.filter(pk=run.pk).values().get() == before
    assert run.scores.count() == 2


def test_a_lost_message_is_sent_again(installation, ask, until):
    from workers import health
    run = ask("steady")
    installation.stop_broker()
    shutil.rmtree(installation.data / "redis")
    installation.start_broker()
    assert health.messages_waiting() == {"cpu": 0, "gpu": 0, "tasks": 0}
    assert services.sweep_runs(waiting=health.messages_waiting())["resent"] == 0, "it may still be on its way"
    Run.objects.filter(pk=run.pk).update(requested_at=run.requested_at - services.RESEND_AFTER)
    assert services.sweep_runs(waiting=health.messages_waiting())["resent"] == 1
    assert services.sweep_runs(waiting=health.messages_waiting())["resent"] == 0, "one message waits already"
    installation.start_worker()
    until(run, Run.DONE)


def test_a_killed_broker_loses_nothing(installation, ask, until):
    installation.start_worker(slots=2)
    running = until(ask("sleepy", seconds=4.0), Run.RUNNING)
    queued = [ask("steady") for _ in range(6)]
    installation.stop_broker(kill=True)
    while_down = ask("steady")
    assert while_down.state == Run.QUEUED
    wait_until(lambda: "broker does not answer" in Run.objects.get(pk=while_down.pk).cause, seconds=10,
               what="the cause to say so")
    installation.start_broker()
    Run.objects.filter(pk=while_down.pk).update(requested_at=while_down.requested_at - services.RESEND_AFTER)
    for run in [running, *queued, while_down]:
        until(run, Run.DONE, seconds=120)
        assert run.attempts == 1 and run.scores.count() == 2


def test_a_dead_forkserver_is_started_again(installation, ask, until):
    worker = installation.start_worker()
    run = until(ask("sleepy", seconds=2.0), Run.RUNNING)
    process = run_process(worker.pid)
    with open(f"/proc/{process}/stat") as file:
        server = int(file.read().rpartition(")")[2].split()[1])
    os.kill(server, signal.SIGKILL)
    eventually_gone(process)
    run = until(run, Run.DONE, seconds=90)
    assert run.attempts == 2


def test_gpu_work_needs_a_named_device(installation, ask, until):
    refused = installation.start_worker(queues="gpu", wait=False)
    assert refused.wait(60) != 0
    assert "set ASSAY_DEVICE=cuda:0" in installation.log.read_text()
    installation.workers.remove(refused)
    installation.start_worker(queues="gpu", environment={"ASSAY_DEVICE": "cpu"}.items())
    run = until(ask("steady", queue="gpu"), Run.DONE)
    assert run.device == "cpu"


def test_a_device_that_is_not_there_is_refused(installation):
    import torch
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    refused = installation.start_worker(queues="gpu", environment={"ASSAY_DEVICE": "cuda:0"}.items(), wait=False)
    assert refused.wait(60) != 0
    assert "cuda:0 cannot be used" in installation.log.read_text()
    installation.workers.remove(refused)
