"""Which of a run's fences hold on this machine: a run like any other tries to get over each of them."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from workers.isolation import run_isolated
from workers.jobs import Ending, Job
from workers.sandbox import landlock_abi
from workers.spawner import ForkServer

HELD_MB = 64  # by the child of the run that tries
NAMES = ("no network", "cannot write outside its folder", "cannot signal other processes",
         "leaves no process behind", "memory counted over its processes")


@dataclass(frozen=True)
class Fence:
    """What a run cannot do, whether that is so here, and by what means or why not."""

    fence: str
    holds: bool
    how: str


def tried_fences(server: ForkServer) -> list[dict[str, Any]]:
    """The fences as plain data, tried now; takes about a second."""
    with tempfile.TemporaryDirectory(prefix="assay-fences-") as outside, \
            socket.create_server(("127.0.0.1", 0)) as listener:
        (Path(outside) / "old").touch()
        params = {"outside": outside, "port": listener.getsockname()[1], "worker": os.getpid()}
        ending = run_isolated(server, Job("", "", seconds=20, memory_mb=4000, params=params,
                                          entry="workers.fences:attempt"))
    return [asdict(fence) for fence in _fences(ending)]


def _fences(ending: Ending) -> list[Fence]:
    if ending.outcome is None:
        return [Fence(name, False, f"could not be tried: {ending.cause}") for name in NAMES]
    tried = ending.outcome
    landlock, space = f"Landlock ABI {tried['landlock']}", "process space of its own"
    counted = ending.peak_memory_mb - tried["memory_mb"] > HELD_MB / 2
    return [Fence(NAMES[0], not tried["connected"], "seccomp" if not tried["connected"] else "it connected"),
            Fence(NAMES[1], not tried["wrote"], landlock if not tried["wrote"] else "it wrote"),
            Fence(NAMES[2], not tried["signalled"], "it did" if tried["signalled"] else
                  space if tried["apart"] else landlock),
            Fence(NAMES[3], _ended(tried["left"]), space if tried["apart"] else "orphans are adopted and ended"),
            Fence(NAMES[4], counted, "as told by the system" if counted else "its child's memory was not seen")]


def _ended(pid: int) -> bool:
    """Whether a process left behind is gone, or will be in a moment."""
    try:
        psutil.Process(pid).wait(2)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def attempt(job: dict[str, Any], tell: Callable[..., None]) -> dict[str, Any]:
    """The run that tries. `left` is a process that it leaves behind, by the id that the worker sees."""
    params = job["params"]
    tell(event="measuring")
    here = os.path.realpath("/proc/self").rsplit("/", 1)[-1]
    read, write = os.pipe()
    if os.fork() == 0:
        held = b"x" * (HELD_MB * 2**20)
        time.sleep(30)
        os._exit(len(held) % 2)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(write, (os.path.realpath("/proc/self").rsplit("/", 1)[-1]).encode())
            time.sleep(30)
        os._exit(0)
    left = os.read(read, 20).decode()
    time.sleep(0.5)  # for the watcher to look
    return {"connected": _works(lambda: socket.create_connection(("127.0.0.1", params["port"]), 2).close()),
            "wrote": _works(lambda: (Path(params["outside"]) / "new").touch()) or
            _works(lambda: (Path(params["outside"]) / "old").write_text("x")),
            "signalled": _works(lambda: os.kill(params["worker"], signal.SIGCONT)),
            "left": int(left) if left.isdigit() else 0, "apart": here.isdigit() and int(here) != os.getpid(),
            "landlock": landlock_abi(), "memory_mb": _resident_mb()}


def _works(act: Callable[[], Any]) -> bool:
    try:
        act()
    except OSError:
        return False
    return True


def _resident_mb() -> float:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        return psutil.Process().memory_info().rss / 2**20
