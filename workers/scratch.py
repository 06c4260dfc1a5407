"""The folders that runs write in: made, locked by their worker for as long as it lives, and removed.

What a killed worker left is nobody's: the kernel has let go of its lock, so that any worker of the machine may remove
it, also one of another container that shares the temporary folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

logger = logging.getLogger(__name__)

PREFIX = "assay-run-"
YOUNG = 60.0  # seconds in which a folder may be made and not locked yet


@contextlib.contextmanager
def scratch_folder() -> Iterator[str]:
    """A new folder for one run; it goes with all that is in it at the end of the block."""
    folder = tempfile.mkdtemp(prefix=PREFIX)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        os.close(lock)
        remove(folder)


def abandoned() -> list[Path]:
    """The folders of runs whose worker is gone, of this user and in this temporary folder."""
    found = []
    for path in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):
            facts = path.lstat()
            if stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and time.time() - facts.st_mtime > YOUNG \
                    and not _locked(path):
                found.append(path)
    return found


def remove_abandoned() -> int:
    """Remove these; how many there were."""
    found = abandoned()
    for path in found:
        remove(str(path))
    return len(found)


def remove(folder: str) -> None:
    """Delete what a run left; by `rm`, which no depth of folders stops."""
    try:
        os.rmdir(folder)
    except OSError:
        done = subprocess.run([shutil.which("rm") or "rm", "-rf", "--", folder], capture_output=True, text=True)
        if done.returncode:
            logger.warning("the folder of a run could not be removed: %s", done.stderr.strip()[:500])


def _locked(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
