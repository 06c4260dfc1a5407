"""A warm process that forks one child for every run.

Importing torch takes seconds; forking a process that has done so takes milliseconds. `workers.isolation`
starts this module as `python -m workers.forkserver FD`. Of the library nothing is imported here: the
child imports the kit, the arena and the method from the disk, so a run always uses the code that is there.
CUDA is never touched here, because it does not survive a fork.

On the control socket each request is one byte with three descriptors: the job (JSON to its end), the events
(JSON lines to the parent) and the log (the child's stdout and stderr). This process adds the last event,
{"event": "exit", "status": wait status}. When the socket closes, the parent is gone and everything here ends.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import errno
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import traceback
from pathlib import Path

import psutil

from workers.isolation import Ending

METHODS = Path(__file__).resolve().parent.parent / "methods"
PR_SET_PDEATHSIG = 1


def main(control_fd: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the worker, which decides
    control = socket.socket(fileno=control_fd)
    preload()
    control.send(b"+")
    serve(control)


def third_party_imports() -> set[str]:
    """The modules outside the standard library and this project that arenas, methods and kit import."""
    names = set()
    for file in [*METHODS.glob("kit/**/*.py"), *METHODS.glob("arenas/**/*.py")]:
        try:
            tree = _parsed(file.read_text())
        except (SyntaxError, ValueError, OSError, RecursionError, MemoryError):
            continue  # a run of that file will say so
        for node in tree.body:
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
    return {name for name in names if name.split(".")[0] not in sys.stdlib_module_names | {"methods"}}


def _parsed(text: str) -> ast.Module:
    """What stands before the first class, which is where imports are; parsing all would take three times as long."""
    try:
        return ast.parse(text.partition("\nclass ")[0])
    except SyntaxError:  # cut within a docstring, or at a decorator
        return ast.parse(text)


def preload() -> None:
    """Import what runs will need. Leaves one thread and no CUDA context, or forking would not be safe."""
    gc.disable()  # imports leave no garbage worth the second that looking for it takes
    import torch
    import torch._dynamo  # the first optimiser of a process imports it: two seconds
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    for name in sorted(third_party_imports()):
        try:
            importlib.import_module(name)
        except Exception as error:  # the run that needs it fails with its own traceback
            print(f"forkserver: {name} does not import: {error}", file=sys.stderr, flush=True)
    if torch.cuda.is_initialized():
        raise RuntimeError("an import initialised CUDA; runs could not use the device after a fork")
    threads = [Path(f"/proc/self/task/{task}/comm").read_text().strip() for task in os.listdir("/proc/self/task")] \
        if sys.platform == "linux" else []
    if len(threads) > 1:
        print(f"forkserver: an import started threads ({', '.join(threads)}), which a fork leaves behind",
              file=sys.stderr, flush=True)
    gc.collect()
    gc.enable()
    gc.freeze()  # keeps the garbage collector of a child from copying the shared pages


def serve(control: socket.socket) -> None:
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    children: dict[int, int] = {}  # pid -> its events descriptor, kept open for the exit event
    try:
        while True:
            ready = select.select([control.fileno(), woken], [], [])[0]
            if woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(woken, 4096)
                reap(children)
            if control.fileno() in ready:
                request, fds, *_ = socket.recv_fds(control, 1, 3)
                if not request:
                    return
                fork_child(fds, children, close=(control.fileno(), woken, wake))
    finally:
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def fork_child(fds: list[int], children: dict[int, int], close: tuple[int, ...]) -> None:
    job, events, log = fds
    server = os.getpid()
    try:
        pid = os.fork()
    except OSError as error:
        tell(events, event="exit", error=f"no process could be started: {error.strerror}")
        os.close(events)
    else:
        if pid == 0:
            for fd in (*close, *children.values()):
                os.close(fd)
            become_child(server, job, events, log)
        children[pid] = events
        with contextlib.suppress(OSError):  # the child does it too; whoever comes first
            os.setpgid(pid, pid)
    os.close(job)
    os.close(log)


def reap(children: dict[int, int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        events = children.pop(pid)
        with contextlib.suppress(BrokenPipeError):
            tell(events, event="exit", status=os.waitstatus_to_exitcode(status))
        os.close(events)


def tell(fd: int, **event) -> None:
    """Write one event. The line break in front ends what a killed child may have left half-written."""
    data = memoryview(b"\n" + json.dumps(event).encode() + b"\n")
    while data:
        data = data[os.write(fd, data):]


def become_child(server: int, job_fd: int, events: int, log: int) -> None:
    """The child's whole life; never returns."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        die_with_parent(server)
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        sys.stdout, sys.stderr = (open(fd, "w", buffering=1, encoding="utf-8", errors="backslashreplace",
                                       closefd=False) for fd in (1, 2))
        with os.fdopen(job_fd) as file:
            job = json.load(file)
        tell(events, event="started", pid=os.getpid())
        work(job, events)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(status)


def die_with_parent(server: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:  # it died before the line above
        os._exit(1)


def work(job: dict, events: int) -> None:
    """Call the job's entry and tell the outcome, or the error and whose fault it is."""
    os.nice(job["nice"])
    os.environ["CUDA_VISIBLE_DEVICES"] = job["visible_devices"]
    importlib.invalidate_caches()
    try:
        limit_memory(job)
        module, name = job["entry"].split(":")
        outcome = getattr(importlib.import_module(module), name)(job, lambda **event: tell(events, **event))
        tell(events, event="outcome", outcome=outcome)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        known = type(error).__name__ == "DiscoveryError"  # a sentence of its own that names the broken file
        cause = " ".join((str(error) if known else "".join(traceback.format_exception_only(error))).split())
        tell(events, event="error", failure=blame(error), cause=cause[:1000])


def limit_memory(job: dict) -> None:
    """A wall behind the watched limit, against one huge allocation between two looks of the parent."""
    if job["device"] != "cpu":
        import torch
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, job["memory_mb"] * 2**20 / total))
    elif sys.platform == "linux":
        limit = psutil.Process().memory_info().data + int(job["memory_mb"] * 2**20)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def blame(error: BaseException) -> str:
    """MEMORY, MACHINE or METHOD: only the machine's failures are worth another attempt."""
    import torch
    text = str(error).lower()
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in text \
            or "not enough memory" in text:
        return Ending.MEMORY
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO, errno.EMFILE, errno.ENFILE):
        return Ending.MACHINE
    if any(cls.__name__ == "DataUnavailable" for cls in type(error).__mro__):
        return Ending.MACHINE
    return Ending.METHOD


if __name__ == "__main__":
    main(int(sys.argv[1]))
