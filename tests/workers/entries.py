"""What the isolation tests have child processes do: called with the job and a function that tells events."""

import os
import sys
import time


def describe(job, tell):
    """The process as a run finds it."""
    import torch
    return {"threads": len(os.listdir("/proc/self/task")), "torch_threads": torch.get_num_threads(),
            "cuda_initialised": torch.cuda.is_initialized(), "visible": os.environ["CUDA_VISIBLE_DEVICES"],
            "nice": os.nice(0), "group": os.getpgrp() == os.getpid(), "django": "django" in sys.modules,
            "kit": job["method"], "descriptors": sorted(int(fd) for fd in os.listdir("/proc/self/fd"))}


def sleep(job, tell):
    tell(event="measuring")
    time.sleep(job["params"]["pause"])
    return {"slept": job["params"]["pause"]}


def shout(job, tell):
    """Much more output than is kept, and not all of it text."""
    for i in range(30_000):
        print("line", i)
    sys.stdout.buffer.write(b"\xff\x00 not a text\n")
    sys.stdout.buffer.flush()
    print("the end", end="")
    return {}


def half_a_line(job, tell):
    """Die in the middle of an event."""
    print("last words", flush=True)
    for fd in range(3, 40):
        try:
            os.write(fd, b'{"event": "outcome", "outcome": {"sco')
        except OSError:
            continue
    os._exit(0)


def fork_more(job, tell):
    """Leave a grandchild behind that would outlive the run."""
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
    tell(event="measuring")
    time.sleep(60)


def raise_this(job, tell):
    """The error that the job's parameter names."""
    import errno

    from methods.kit.engine.archives import DataUnavailable
    raise {"data": DataUnavailable("no network"), "disk": OSError(errno.ENOSPC, "No space left on device"),
           "memory": MemoryError(), "exit": SystemExit(2), "bug": ValueError("tau must be\na number")}[
        job["params"]["error"]]
