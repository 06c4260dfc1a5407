"""Runs that mean harm end within their limits, with a cause a person understands, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.services import wait_until
from tests.workers.conftest import eventually_gone, gone
from workers import isolation, jobs, sandbox, spawner
from workers.isolation import Ending, ForkServer, Job, run_isolated
from workers.processes import descendants

pytestmark = [pytest.mark.skipif(not sandbox.LINUX, reason="the fences are Linux's"),
              pytest.mark.xdist_group("hostile")]


@pytest.fixture(scope="module", params=["apart", "adopted"])
def server(request):
    """The warm process, with a process space for each run and as it is where these are not to be had."""
    before = os.environ.pop(sandbox.NO_SPACES, None)
    if request.param == "adopted":
        os.environ[sandbox.NO_SPACES] = "1"
    server = ForkServer()
    server.start()
    os.environ.pop(sandbox.NO_SPACES, None)
    if before:
        os.environ[sandbox.NO_SPACES] = before
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def short_limits(monkeypatch, tmp_path):
    (tmp_path / "runs").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "runs"))
    monkeypatch.setattr(jobs, "LEAST_SLACK", 0.5)
    monkeypatch.setattr(isolation, "LOAD_SECONDS", 1.0)
    monkeypatch.setattr(isolation, "LAST_WORDS_SECONDS", 0.3)


def job(entry: str, *, seconds=1.0, memory_mb=2000.0, **params) -> Job:
    return Job("arena", "method", seconds=seconds, memory_mb=memory_mb, params=params,
               entry=f"tests.workers.hostile:{entry}")


def run(server: ForkServer, job: Job, on_news=lambda watch: None) -> Ending:
    """The ending, and with it the promise that nothing of the run lives on."""
    ending = run_isolated(server, job, on_news)
    if server.pid:
        wait_until(lambda: not descendants(server.pid), seconds=5, what="the run's processes to end", pause=0.01)
    assert not os.listdir(tempfile.gettempdir()), "its folder is removed"
    return ending


def test_what_a_run_leaves_behind_ends_with_it(server):
    ending = run(server, job("leave_behind", seconds=20.0))
    # where runs have no process space, who loses its parent ends at once
    assert ending.kind in (Ending.DONE, Ending.TIME), ending
    if ending.kind == Ending.DONE:
        assert len(ending.outcome["left"]) == 2 and all(gone(pid) for pid in ending.outcome["left"])


@pytest.mark.parametrize("entry,kind,cause", [
    ("freeze", "time", "gave no result within 2 s, though its limit is 1 s of processor time"),
    ("ignore_signals", "time", "hit the time limit of 1 s of processor time"),
    ("never_measure", "time", "did not begin to measure within 2 s"),
    ("close_everything", "time", "gave no result within 2 s"),
    ("half_an_event", "time", "gave no result within 2 s"),
    ("flood_log", "time", "hit the time limit of 1 s of processor time"),
    ("flood_events", "method", "told more than 16 MB of outcome, curve and progress"),
    ("endless_curve", "method", "told more than 16 MB of outcome, curve and progress"),
    ("huge_outcome", "method", "told more than 16 MB of outcome, curve and progress"),
    ("deep_event", "method", "told what is no event (RecursionError"),
    ("bomb", "method", "started more than 64 processes and threads"),
    ("threads", "method", "started more than 64 processes and threads"),
    ("children_with_work", "time", "hit the time limit of 1 s of processor time"),
    ("many_files", "method", "wrote more than 1024 MB or 10000 files into its folder"),
    ("big_file", "method", "the method's code failed: OSError: [Errno 27] File too large"),
])
def test_every_limit_bites(server, monkeypatch, entry, kind, cause):
    slow = {"bomb": 30.0, "threads": 30.0, "many_files": 30.0, "endless_curve": 30.0, "huge_outcome": 30.0,
            "flood_events": 30.0}
    if entry in ("flood_log", "children_with_work"):  # their clock runs on while the machine is busy
        monkeypatch.setattr(jobs, "LEAST_SLACK", 60.0)
    # stacks count as memory, which would stop the threads first
    ending = run(server, job(entry, seconds=slow.get(entry, 1.0), memory_mb=64000.0 if entry == "threads" else 2000.0))
    assert ending.kind == kind and ending.cause.startswith(cause), (ending.kind, ending.cause)
    assert len(ending.log) <= isolation.LOG_LIMIT


def test_who_has_told_an_outcome_and_lives_on_is_done(server):
    assert run(server, job("live_on")).outcome == {"score": 1}


@pytest.mark.parametrize("event", [
    {"event": "progress"}, {"event": "progress", "fraction": "x", "text": "", "points": []},
    {"event": "outcome", "outcome": 3}, {"event": "points", "points": [1]}, {"no": 1}])
def test_what_is_no_event_is_the_methods_failure(server, event):
    ending = run(server, job("bad_event", event=event))
    assert ending.kind == Ending.METHOD and ending.cause.startswith("told what is no event"), ending.cause


def test_a_run_cannot_tell_of_its_own_end(server):
    with psutil.Popen(["sleep", "60"]) as victim:
        ending = run(server, job("false_end", victim=victim.pid))
        assert ending.kind == Ending.TIME and victim.is_running()
        victim.kill()


def test_memory_counts_over_all_processes_of_a_run(server):
    ending = run(server, job("children_with_memory", memory_mb=1200.0, seconds=20.0, mb=300))
    assert ending.kind == Ending.MEMORY and "processes" in ending.cause, ending
    shared = run(server, job("children_sharing_memory", memory_mb=1200.0, seconds=20.0, mb=300))
    assert shared.kind == Ending.DONE, shared.cause


def test_a_folder_of_any_depth_is_removed(server):
    assert run(server, job("deep_folders", seconds=20.0)).kind == Ending.DONE


def test_waiting_for_a_processor_is_not_charged(server):
    """Honest work among many others at work; so much waiting that the clock alone would have ended it."""
    others = [psutil.Popen(["sh", "-c", "while :; do :; done"], start_new_session=True)  # Linux shares by session
              for _ in range(3 * (os.cpu_count() or 1))]
    try:
        ending = run(server, replace(job("ignore_signals", seconds=1.0), nice=19))
    finally:
        for other in others:
            other.kill()
            other.wait()
    assert ending.kind == Ending.TIME and "of processor time (" in ending.cause, ending.cause
    assert ending.seconds > 2.0, "by the clock it took longer than its clock allows"


@pytest.fixture
def outside(tmp_path):
    """What a run might reach for: a file, a port, a socket."""
    (tmp_path / "old").write_text("precious")
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "s"))
        unix.listen()
        yield {"outside": str(tmp_path), "port": tcp.getsockname()[1], "socket": str(tmp_path / "s")}


def test_what_a_run_may_not_do(server, outside):
    if sandbox.landlock_abi() < 6:
        pytest.skip("this kernel has no Landlock of version 6")
    ending = run(server, job("attempts", seconds=20.0, worker=os.getpid(), server=server.pid, **outside))
    assert ending.kind == Ending.DONE, ending
    assert [name for name, works in ending.outcome.items() if works] == ["own", "null", "peak"]
    assert (Path(outside["outside"]) / "old").read_text() == "precious"


def test_a_run_cannot_kill_its_worker_or_the_warm_process(server):
    if sandbox.landlock_abi() < 6:
        pytest.skip("this kernel has no Landlock of version 6")
    before = server.pid
    ending = run(server, job("kill_all", seconds=20.0, worker=os.getpid(), server=server.pid))
    assert ending.kind in (Ending.DONE, Ending.LOST), ending
    assert run(server, job("live_on")).kind == Ending.DONE and server.pid == before


def test_a_dead_warm_process_leaves_nothing(server):
    """Also of what has detached itself."""
    told = []

    def on_news(watch):
        if watch.text.isdigit() and not told:
            told.append(int(watch.text))
            os.kill(server.pid, signal.SIGKILL)

    server.start()
    mark, left = server._mark, {process.pid for process in psutil.process_iter()}
    ending = run_isolated(server, job("kill_server", seconds=20.0), on_news)
    if told:
        assert (ending.kind, ending.cause) == (Ending.MACHINE, "the process that starts runs has died")
        server.stop()
        eventually_gone(told[0])
    new = [p for p in psutil.process_iter() if p.pid not in left and not gone(p.pid)]
    assert not [p for p in new if _environment(p).get(spawner.MARK) == mark], "nothing of it lives"


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def test_a_frozen_warm_process_is_ended_and_another_started(server, monkeypatch):
    server.start()
    frozen = server.pid
    os.kill(frozen, signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(spawner, "REPLY_SECONDS", 1.0)
        ending = run(server, job("live_on"))
    assert ending.kind == Ending.MACHINE and ending.cause.startswith("the process that starts runs did not answer")
    assert gone(frozen)
    assert run(server, job("leave_behind", seconds=20.0)).kind in (Ending.DONE, Ending.TIME)
    assert server.pid != frozen


def test_a_warm_process_that_freezes_during_a_run_keeps_nobody_waiting(server, monkeypatch):
    monkeypatch.setattr(isolation, "DEATH_SECONDS", 1.0)
    server.start()

    def on_news(watch):
        os.kill(server.pid, signal.SIGSTOP)
        return "enough"

    ending = run(server, job("ignore_signals", seconds=20.0), on_news)
    assert (ending.kind, ending.cause) == (Ending.STOPPED, "enough")
