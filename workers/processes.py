"""The processes of a run as seen from outside: which there are, what they use, how they are ended."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """Of all processes of a run together, the dead included in `processor`. `waited` is how long the main one
    has wanted a processor and got none, in seconds; None when the system does not tell."""

    processes: int = 0
    tasks: int = 0  # with threads
    processor: float = 0.0  # seconds
    memory_mb: float = 0.0
    waited: float | None = None
    runnable: bool = False  # whether the main one runs or wants to


def descendants(root: int, *, depth: int | None = None, most: int | None = None) -> list[int]:
    """The processes below `root`, ancestors first, those that have ended and wait to be buried left out; with `most`,
    no further ones are looked for once there are that many."""
    found: list[int] = []
    parents = [root]
    while parents and depth != 0:
        below = []
        for parent in parents:
            below += [pid for pid in _children(parent) if _alive(pid) or _children(pid)]
            if most is not None and len(found) + len(below) >= most:
                return found + below
        found += below
        parents = below
        depth = depth and depth - 1
    return [pid for pid in found if _alive(pid)]


def _children(pid: int) -> list[int]:
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        tasks = []
    try:
        found = []
        for task in tasks:
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += [int(child) for child in file.read().split()]
        if tasks:
            return found
    except OSError:  # it ends just now, or this kernel keeps no such list
        pass
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.Error:
        return []


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.Error:
        return False


def end_descendants(root: int, *, seconds: float = 5.0) -> bool:
    """Kill all below `root`, which adopts what they leave; False when some still live after `seconds`.

    The caller's own children are buried too: the first process of a process space ends after all of it are.
    """
    deadline = time.monotonic() + seconds
    while found := descendants(root):
        if root == os.getpid():
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def usage(main: int, keeper: int = 0, *, most: int) -> Usage:
    """What the run of process `main` uses, and what it left to its `keeper`. Memory that several share counts once.
    Beyond `most` processes only their number is told: weighing them would give them time to become more."""
    pids = [main, *descendants(main, most=most), *(descendants(keeper, most=most) if keeper else [])]
    if len(pids) > most:
        return Usage(len(pids), len(pids))
    processor = own = together = 0.0
    tasks = processes = 0
    runnable = False
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            with process.oneshot():
                times = process.cpu_times()
                processor += times.user + times.system
                if hasattr(times, "children_user"):
                    processor += times.children_user + times.children_system
                if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                    continue
                processes += 1
                tasks += process.num_threads()
                if pid == main:
                    runnable = process.status() == psutil.STATUS_RUNNING
                    own = process.memory_info().rss
                if len(pids) > 1:
                    together += _part(process)
    return Usage(processes, tasks, processor, max(own, together) / 2**20, _waited(main), runnable)


def _part(process: psutil.Process) -> float:
    """Bytes of one of several processes, of what it shares only its part: a fork begins by sharing everything."""
    try:
        return process.memory_full_info().pss
    except (psutil.AccessDenied, AttributeError):
        return process.memory_info().rss


def _waited(pid: int) -> float | None:
    try:
        with open(f"/proc/{pid}/schedstat") as file:
            ran, waited, _ = file.read().split()
    except (OSError, ValueError):
        return None
    return int(waited) / 1e9 if int(ran) else None
