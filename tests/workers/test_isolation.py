"""Child processes of the forkserver: what they find, what they leave, how their ends are told apart."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.services import wait_until
from tests.workers.conftest import eventually_gone
from workers import forkserver, warm_library
from workers.isolation import LOG_LIMIT, Ending, ForkServer, Job, run_isolated


@pytest.fixture(scope="module")
def server():
    server = ForkServer()
    yield server
    server.stop()


def job(entry: str, *, seconds=60.0, memory_mb=2000.0, **params) -> Job:
    return Job("arena", "method", seconds=seconds, memory_mb=memory_mb, params=params,
               entry=f"tests.workers.entries:{entry}")


def test_a_child_finds_one_thread_no_cuda_and_nothing_of_the_worker(server):
    child = run_isolated(server, job("describe")).outcome
    assert child["threads"] == child["torch_threads"] == 1
    assert not child["cuda_initialised"] and not child["django"]
    assert child["visible"] == "" and child["nice"] >= 5 and child["group"]
    assert len(child["descriptors"]) <= 6, child["descriptors"]  # standard streams, events, the listing itself


def test_files_that_are_no_source_keep_the_server_from_nothing(tmp_path, monkeypatch):
    arena = tmp_path / "arenas" / "tiny"
    (arena / "folder.py").mkdir(parents=True)
    (arena / "dangling.py").symlink_to("nowhere")
    for name, contents in (("latin", b"import latin\nx = '\xe4'\n"), ("null", b"import null\n\0"),
                           ("deep", b"x = " + b"(" * 9000), ("cut", b"def f(:"), ("good", b"import scipy.stats\n")):
        (arena / f"{name}.py").write_bytes(contents)
    monkeypatch.setattr(warm_library, "METHODS", tmp_path)
    assert forkserver.third_party_imports() == {"scipy.stats"}


def test_the_server_itself_has_one_thread(server):
    """A fork copies only the thread that forks; locks that others hold would stay held."""
    server.start()
    assert len(os.listdir(f"/proc/{server.pid}/task")) == 1


def test_a_gpu_job_sees_only_its_device(server):
    gpu = Job("arena", "method", seconds=60, memory_mb=2000, device="cuda:0", visible_devices="3",
              entry="tests.workers.entries:describe")
    ending = run_isolated(server, gpu)
    import torch
    if torch.cuda.is_available():
        pytest.skip("device 3 may or may not be here")
    assert ending.kind == Ending.METHOD, "without CUDA the device cannot be had, and that is an error, not a CPU run"


def test_many_at_once_from_many_threads(server):
    with ThreadPoolExecutor(8) as pool:
        endings = list(pool.map(lambda i: run_isolated(server, job("sleep", pause=0.05 * i)), range(16)))
    assert [ending.outcome["slept"] for ending in endings] == [0.05 * i for i in range(16)]


def test_a_run_costs_milliseconds(server):
    server.start()
    started = time.perf_counter()
    for _ in range(5):
        assert run_isolated(server, job("sleep", pause=0.0)).kind == Ending.DONE
    seconds = (time.perf_counter() - started) / 5
    assert seconds < 0.5, f"{seconds:.3f} s; importing torch anew takes longer"


def test_the_newest_output_is_kept(server):
    ending = run_isolated(server, job("shout"))
    assert ending.kind == Ending.DONE
    assert len(ending.log) <= LOG_LIMIT
    assert ending.log.endswith("line 29999\n\ufffd not a text\nthe end") and "line 9\n" not in ending.log


def test_an_event_cut_short_is_no_outcome(server):
    ending = run_isolated(server, job("half_a_line"))
    assert (ending.kind, ending.cause) == ("method", "the process ended with exit status 0 and no outcome")
    assert "last words" in ending.log


def test_stopping_ends_the_process_and_what_it_started(server):
    seen = []

    def on_news(watch):
        seen.append(watch.pid)
        return "enough" if len(seen) > 1 else None

    ending = run_isolated(server, job("fork_more"), on_news)
    assert (ending.kind, ending.cause) == ("stopped", "enough")
    pid = seen[-1]
    wait_until(lambda: not _group(pid), seconds=5, what="the whole process group to end", pause=0.02)


def _group(group: int) -> list[int]:
    """The living processes of a process group."""
    members = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process.pid)
    return members


@pytest.mark.parametrize("error,kind,cause", [
    ("data", "machine", "no network"),
    ("disk", "machine", "the machine could not go on (OSError: [Errno 28] No space left on device)"),
    ("memory", "memory", "went over the memory limit of 2000 MB: MemoryError"),
    ("exit", "method", "the method's code failed: SystemExit: 2; the log has the line"),
    ("bug", "method", "the method's code failed: ValueError: tau must be a number; the log has the line"),
])
def test_whose_fault_an_error_is(server, error, kind, cause):
    ending = run_isolated(server, job("raise_this", error=error))
    assert ending.kind == kind and ending.cause.startswith(cause), ending.cause
    assert "Traceback" in ending.log


@pytest.mark.parametrize("seconds,clock", [(1.0, 6.0), (20.0, 40.0), (600.0, 660.0)])
def test_the_clock_allows_twice_the_processor_time_and_at_most_a_minute_more(seconds, clock):
    assert job("sleep", seconds=seconds).clock_seconds == clock


def test_the_clock_ends_what_uses_no_processor(server):
    stuck = job("sleep", seconds=0.5, pause=60.0)
    impatient = type("Impatient", (Job,), {"clock_seconds": property(lambda self: 0.5)})(**stuck.__dict__)
    ending = run_isolated(server, impatient)
    assert ending.kind == Ending.TIME and "gave no result within" in ending.cause


EARLIER_LIBRARY = {
    "methods/__init__.py": "", "methods/kit/__init__.py": "",
    "methods/kit/registry.py": """
class Arena:
    def data(self, trial):
        return None

def load_arena(arena):
    return Arena

def load_method(arena, method):
    return Arena

def code_digest(method):
    return "earlier"
""",
    "methods/kit/execute.py": """
from types import SimpleNamespace
from methods.kit.registry import load_arena

def execute(arena, method, *, params, setting, scale, seed, device, on_progress):
    trial = SimpleNamespace(curve=[])
    load_arena(arena)().data(trial)
    trial.curve.append({"step": 1.0})
    on_progress(0.5, "spinning")
    while True:
        pass
"""}


@pytest.mark.parametrize("kept", ["now", "before"])
def test_the_limit_counts_from_the_data_on_also_in_a_library_kept_from_before(server, project, tmp_path, kept):
    """Replays run kept libraries, and execute() has not always said when the data is there."""
    for name, text in EARLIER_LIBRARY.items() if kept == "before" else ():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    library = project if kept == "now" else tmp_path
    ending = run_isolated(server, Job("proving-ground", "spinning", seconds=0.3, memory_mb=2000, scale="smoke",
                                      library=str(library)))
    assert ending.kind == Ending.TIME and ending.cause.startswith("hit the time limit"), ending
    assert ending.curve, "what it had recorded is kept"
    assert (ending.code_digest == "earlier") == (kept == "before")


def test_children_end_with_their_server():
    server = ForkServer()
    pids = []

    def on_news(watch):
        pids.append(watch.pid)
        os.kill(server.pid, signal.SIGKILL)

    ending = run_isolated(server, job("sleep", pause=60.0), on_news)
    assert (ending.kind, ending.cause) == ("machine", "the process that starts runs has died")
    eventually_gone(pids[0])
    assert run_isolated(server, job("sleep", pause=0.0)).kind == Ending.DONE, "the next run starts another"
    server.stop()
    assert server.pid is None
