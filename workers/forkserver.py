"""A warm process that forks one child for every run.

Importing torch takes seconds; forking a process that has done so takes milliseconds. `workers.isolation`
starts this module as `python -m workers.forkserver FD`. Of the library no method is imported here; kit and
arenas are, as long as they are what is on the disk (workers.warm_library): a run always uses the code that is there.
CUDA is never touched here, because it does not survive a fork.

On the control socket each request is one byte with four descriptors: the job (JSON to its end), the events
(JSON lines to the parent), the log (the child's stdout and stderr) and its life (see Run). When the
socket closes, the parent is gone and everything here ends.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from workers import child, warm_library  # noqa: F401  every run needs the child
from workers.processes import descendants, end_descendants
from workers.runner import live, tell
from workers.sandbox import ProcessSpaces, adopt_orphans

ORPHAN_SECONDS = 0.2  # how often to look for processes that left a run, where they can


def main(control_fd: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the worker, which decides
    control = socket.socket(fileno=control_fd)
    preload()
    control.send(b"+")
    warm_library.warm(warm_library.IDLE_SECONDS)  # a worker that is to stop need not wait for it
    gc.freeze()
    serve(control)


def third_party_imports() -> set[str]:
    """The modules outside the standard library and this project that arenas, methods and kit import."""
    names = set()
    for file in [*warm_library.METHODS.glob("kit/**/*.py"), *warm_library.METHODS.glob("arenas/**/*.py")]:
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


@dataclass
class Run:
    """A run's process, with the keeper of its process space (0 without one) and the pipe that tells of its life.

    {"event": "started", "pid", "keeper"} is the first event there; the last is {"event": "exit", "status"}, told when
    all that the run started has ended, or {"event": "exit", "error"}. The run itself does not hold this pipe.
    """

    life: int
    keeper: int
    status: int | None = None


def serve(control: socket.socket) -> None:
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    adopt_orphans()
    spaces = ProcessSpaces()
    runs: dict[int, Run] = {}
    try:
        while True:
            watched = any(not run.keeper for run in runs.values())
            ready = select.select([control.fileno(), woken], [], [], ORPHAN_SECONDS if watched else None)[0]
            if woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(woken, 4096)
            if control.fileno() in ready:
                request, fds, *_ = socket.recv_fds(control, 1, 4)
                if not request:
                    return
                fork_run(spaces, fds, runs, close=(control.fileno(), woken, wake))
            reap(runs)
            if not runs:  # nobody is kept waiting; while there are some, who finds other files reads them itself
                warm_library.warm(warm_library.IDLE_SECONDS)
    finally:
        end_descendants(os.getpid())


def fork_run(spaces: ProcessSpaces, fds: list[int], runs: dict[int, Run], close: tuple[int, ...]) -> None:
    *given, life = fds
    server = os.getpid()
    try:
        pid, keeper = spaces.fork()
    except OSError as error:
        tell(life, event="exit", error=f"no process could be started: {error.strerror}")
        given.append(life)
    else:
        if pid == 0:
            for fd in (*close, life, *(run.life for run in runs.values())):
                os.close(fd)
            live(0 if keeper else server, *given)
        runs[pid] = Run(life, keeper)
        tell(life, event="started", pid=pid, keeper=keeper)
    for fd in given:
        os.close(fd)


def reap(runs: dict[int, Run]) -> None:
    """Bury who has ended. A run's end is told when what it left has ended too."""
    keepers = {run.keeper for run in runs.values() if run.keeper}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == 0:
            break
        keepers.discard(pid)
        if pid in runs:
            runs[pid].status = os.waitstatus_to_exitcode(status)
    # who was adopted has lost its parent: it left its run, or the run has ended
    end_strangers({*runs, *keepers})
    for pid, run in [*runs.items()]:
        if run.status is None:
            continue
        if run.keeper in keepers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(run.keeper, signal.SIGKILL)
        else:
            with contextlib.suppress(BrokenPipeError):
                tell(run.life, event="exit", status=run.status)
            os.close(run.life)
            del runs[pid]


def end_strangers(known: set[int]) -> None:
    """Kill the children of this process that are not `known`, and theirs, which it adopts."""
    deadline = time.monotonic() + 5
    while strangers := [pid for pid in descendants(os.getpid(), depth=1) if pid not in known]:
        for pid in strangers:
            end_descendants(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            print(f"forkserver: some processes of a run do not end: {strangers}", file=sys.stderr, flush=True)
            return


if __name__ == "__main__":
    main(int(sys.argv[1]))
