"""The method library, imported before a run asks for it: what 200 ms of every run went into.

The warm process imports kit and arenas, never a method, and reads what their digests need. A run's child compares
files and stamps, and where one differs it forgets everything and imports from the disk: a run always uses the code
that is there. The warm process does the same as soon as it has no runs. Whatever an arena does when it is imported (it
fails, hangs, ends its process, starts threads) it does first in a child, which tells what went well.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from importlib import import_module, invalidate_caches
from pathlib import Path

METHODS = Path(__file__).resolve().parent.parent / "methods"
TRY_SECONDS = 60.0  # for all arenas together, by the clock
IDLE_SECONDS = 15.0  # the same in the warm process: less than a worker waits for its next child (workers.spawner)
KIT = "kit"  # among the names of what went well

Stamps = dict[str, tuple[int, int, int]]
_imported: Stamps = {}  # of the files as they were before they were imported; empty when nothing is


def stamps() -> Stamps:
    """Of every file that is imported here: inode, size and time of change, in nanoseconds."""
    found = {}
    folders = [str(METHODS / "kit"), *_folders(METHODS / "arenas")]
    own = {folder for folder in folders[1:]}
    while folders:
        folder = folders.pop()
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        folders.append(entry.path)
                elif entry.name.endswith(".py") and (folder not in own or entry.name in ("arena.py", "__init__.py")):
                    facts = entry.stat()
                    found[entry.path] = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
    return found


def warm(seconds: float | None = None) -> None:
    """Import the library as it is on the disk, unless that is done; in a process with one thread. What cannot be
    tried within `seconds` (default: TRY_SECONDS) is left to the runs."""
    global _imported
    now = stamps()
    if now == _imported:
        return
    forget()
    good = _tried(TRY_SECONDS if seconds is None else seconds)
    try:
        for name in good:
            _import(name)
    except BaseException as error:  # it went well in the child: the files have changed meanwhile, or it is luck
        print(f"forkserver: the library is not kept warm: {error!r}", file=sys.stderr, flush=True)
        forget()
    _imported = now


def forget() -> None:
    """Have the next import of the library read the disk."""
    global _imported
    for name in [name for name in sys.modules if name == "methods" or name.startswith("methods.")]:
        del sys.modules[name]
    _imported = {}
    invalidate_caches()


def forget_if_changed() -> None:
    """In a run's child: keep what is imported only if every file still is what it was."""
    if _imported and stamps() != _imported:
        forget()


def _folders(arenas: Path) -> list[str]:
    return [str(file.parent) for file in arenas.glob("*/arena.py")]


def _import(name: str) -> None:
    """The kit, or an arena by its slug, and what digests of its runs need."""
    digests = import_module("methods.kit.engine.code_digest")
    if name == KIT:
        import_module("methods.kit.engine.execute").environment(import_module("torch").device("cpu"))
        modules = [f"methods.kit.{file.relative_to(METHODS / 'kit').with_suffix('').as_posix().replace('/', '.')}"
                   for file in METHODS.glob("kit/**/*.py") if file.name != "__init__.py" and "engine" not in file.parts]
    else:
        registry = import_module("methods.kit.engine.registry")
        path = registry.path_of(name)
        registry.load_arena(name)
        modules = [f"methods.arenas.{'.'.join(file.relative_to(METHODS / 'arenas').with_suffix('').parts)}"
                   for file in (path, *path.parent.glob("stage/**/*.py")) if file.name != "__init__.py"]
    for module in modules:
        digests.read_ahead(module)


def _tried(seconds: float) -> list[str]:
    """What can be imported without harm, in that order."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            os.close(read)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(int(seconds) + 1)  # should this process's parent die meanwhile
            _try_all(write)
        os._exit(0)
    os.close(write)
    told, deadline = b"", time.monotonic() + seconds
    try:
        while (left := deadline - time.monotonic()) > 0 and select.select([read], [], [], left)[0]:
            data = os.read(read, 4096)
            if not data:
                break
            told += data
    finally:
        os.close(read)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
    return told.decode().split("\n")[:-1]


def _try_all(told: int) -> None:
    import torch
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    slugs = sorted(Path(folder).name.replace("_", "-") for folder in _folders(METHODS / "arenas"))
    before = _threads()
    for name in (KIT, *slugs):
        try:
            _import(name)
        except Exception:  # its runs will say why
            if name == KIT:
                return
            continue
        if _threads() > before or torch.cuda.is_initialized():
            return  # whose doing it was, or what comes after it, is not asked again
        os.write(told, name.encode() + b"\n")


def _threads() -> int:
    with contextlib.suppress(OSError):
        return len(os.listdir("/proc/self/task"))
    return 1
