"""A process that ends with the one that started it, however that one ends: nothing is left behind after `kill -9`.

`command_of(command)` is the command to start in place of `command`: it runs this file, which asks the kernel for a
signal at the parent's death and then becomes the command. Nothing runs between fork and exec, so it is safe beside
threads. Only Linux has this; elsewhere the command is started as it is.

The kernel means the thread that started the process: start what shall live long from a thread that does.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def command_of(command: Sequence[str]) -> list[str]:
    """`command`, made to be told to stop (SIGTERM) when the calling process dies."""
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def adopt_orphans() -> bool:
    """Make this process the parent of what its descendants leave behind when they die. False where that is unknown."""
    return sys.platform == "linux" and ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def _become(parent: int, command: list[str]) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(1)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be started: {error.strerror}")


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2:])
