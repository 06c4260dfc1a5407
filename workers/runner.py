"""The life of one run's process, from the fork to its last word."""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import traceback
from typing import NoReturn

from workers.jobs import Ending
from workers.sandbox import confine, die_with_parent


def tell(fd: int, **event) -> None:
    """Write one event. The line break in front ends what a killed child may have left half-written."""
    data = memoryview(b"\n" + json.dumps(event).encode() + b"\n")
    while data:
        data = data[os.write(fd, data):]


def live(parent: int, job_fd: int, events: int, log: int) -> NoReturn:
    """All of it. `parent` is the parent's id as seen from here."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        die_with_parent(parent)
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        sys.stdout, sys.stderr = (open(fd, "w", buffering=1, encoding="utf-8", errors="backslashreplace",
                                       closefd=False) for fd in (1, 2))
        with os.fdopen(job_fd) as file:
            job = json.load(file)
        work(job, events)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(status)


def work(job: dict, events: int) -> None:
    """Call the job's entry and tell the outcome, or the error and whose fault it is."""
    os.nice(job["nice"])
    os.environ["CUDA_VISIBLE_DEVICES"] = job["visible_devices"]
    importlib.invalidate_caches()
    try:
        if job["confined"]:
            os.environ["TMPDIR"] = tempfile.tempdir = job["folder"]
            confine(job["folder"], device=job["device"])
        limit_memory(job)
        module, name = job["entry"].split(":")
        outcome = getattr(importlib.import_module(module), name)(job, lambda **event: tell(events, **event))
        tell(events, event="outcome", outcome=outcome)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        tell(events, event="error", failure=blame(error), cause=cause_of(error)[:1000])


def limit_memory(job: dict) -> None:
    """A wall behind the watched limit, against one huge allocation between two looks of the parent."""
    if job["device"] != "cpu":
        import torch
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, job["memory_mb"] * 2**20 / total))
    elif sys.platform == "linux":
        with open("/proc/self/statm") as file:  # its id may be another one there than here
            held = int(file.read().split()[5]) * resource.getpagesize()
        limit = held + int(job["memory_mb"] * 2**20)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


SENTENCES = {"DiscoveryError", "DataUnavailable", "DataMissing"}  # what these say is written for people


def cause_of(error: BaseException) -> str:
    """What happened and what to do about it; the trace is in the log."""
    if SENTENCES & {cls.__name__ for cls in type(error).__mro__}:
        return " ".join(str(error).split())
    said = " ".join("".join(traceback.format_exception_only(error)).split())
    return {
        Ending.MEMORY: said,  # the limit is named by who set it
        Ending.MACHINE: f"the machine could not go on ({said}): see to that, then try again",
    }.get(blame(error), f"the method's code failed: {said}; the log has the line. Mend the file, or try other "
                        "hyperparameters")


def blame(error: BaseException) -> str:
    """DATA, MEMORY, MACHINE or METHOD: only the machine's failures are worth another attempt."""
    import torch
    text = str(error).lower()
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in text \
            or "not enough memory" in text:
        return Ending.MEMORY
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO, errno.EMFILE, errno.ENFILE):
        return Ending.MACHINE
    names = {cls.__name__ for cls in type(error).__mro__}
    if "DataMissing" in names:
        return Ending.DATA
    return Ending.MACHINE if "DataUnavailable" in names else Ending.METHOD
