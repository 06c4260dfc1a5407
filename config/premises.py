"""Whether a data folder and a port are free for a start, and who has them if not."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from pathlib import Path

import psutil

LOCK = "launch.lock"
MARK = "ASSAY_PART"  # in the environment of every part, and so of all that comes of it
LINGER = 30.0  # how long the parts of a launcher that was killed may take to end by themselves


class CannotStart(Exception):
    """The start cannot have what it needs; the message says who has it and what to do."""


def take_folder(folder: Path) -> int:
    """Make this process the one that runs `folder`, until it ends. Returns the lock, to be kept open.

    Raises CannotStart when another runs it or when parts of an earlier start still do.
    """
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        pid = os.read(lock, 32).decode().strip()
        os.close(lock)
        raise CannotStart(f"{folder} is in use by another start of Assay{named(pid)}. Stop that one"
                      f"{f' (kill {pid})' if pid else ''}, or choose another: make run DATA_DIR=… PORT=…") from None
    os.ftruncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    wait_for_the_end_of(folder)
    return lock


def wait_for_the_end_of(folder: Path) -> None:
    """Let the parts of a killed launcher end. Raises CannotStart naming those that do not."""
    deadline = time.monotonic() + LINGER
    left = parts_of(folder)
    if left:
        print(f"Waiting for {len(left)} processes of an earlier start on {folder} to end …", flush=True)
    while left:
        if time.monotonic() > deadline:
            pids = " ".join(str(process.pid) for process in left)
            raise CannotStart(f"{len(left)} processes of an earlier start still run on {folder}: "
                          f"{'; '.join(command_of(process) for process in left)}. "
                          f"End them with “kill {pids}” and start again, or choose another: make run DATA_DIR=… PORT=…")
        time.sleep(0.2)
        left = [process for process in left if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def parts_of(folder: Path) -> list[psutil.Process]:
    """The processes that an earlier launcher started on `folder` and that run still."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except (psutil.Error, OSError):  # another user's, or gone
            continue
        if MARK in environment and environment.get("DATA_DIR") == str(folder):
            found.append(process)
    return found


def free_port(host: str, port: str) -> int:
    """`port` as a number, when this machine can listen on it at `host`. Raises CannotStart saying why it cannot."""
    if not (port.isascii() and port.isdecimal() and 1 <= int(port) <= 65535):
        raise CannotStart(f"PORT must be a number from 1 to 65535, not {port!r}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM,
                                                                flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise CannotStart(f"HOST={host!r} is no address ({error}). Use 127.0.0.1 for this machine alone, "
                      f"or 0.0.0.0 for all that reach it") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            return int(port)
        except OSError as error:
            raise CannotStart(_why(host, int(port), error)) from None


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST={host} is no address of this machine. Use 127.0.0.1 for this machine alone, or 0.0.0.0 for all " \
               "that reach it"
    if error.errno == errno.EACCES:
        return f"You may not listen on port {port}; ports from 1024 on are open to everyone: make run PORT=8000"
    if error.errno != errno.EADDRINUSE:
        return f"Cannot listen on {host}:{port} ({error.strerror})"
    holder = holder_of(port)
    if holder is None:
        return f"Port {port} is taken by a process of another user. Choose another: make run PORT={port % 65535 + 1}"
    folder = data_folder_of(holder)
    what = f"by an Assay on {folder}" if folder else "by"
    return f"Port {port} is taken {what} ({command_of(holder)}). End that with “kill {holder.pid}”, or choose " \
           f"another: make run PORT={port % 65535 + 1}"


def holder_of(port: int) -> psutil.Process | None:
    """The process that listens on a port, the eldest if several do; None where the system does not tell."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(link.laddr and link.laddr.port == port and link.status == psutil.CONN_LISTEN
                   for link in process.net_connections("tcp")):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return min(found, key=lambda process: process.create_time(), default=None)


def data_folder_of(process: psutil.Process) -> str:
    """The data folder of an Assay's process; "" if it is something else."""
    try:
        return process.environ().get("DATA_DIR", "") if MARK in process.environ() \
            or "config.wsgi" in process.cmdline() else ""
    except (psutil.Error, OSError):
        return ""


def command_of(process: psutil.Process) -> str:
    """A process in words: its number and the command that it is."""
    try:
        words = " ".join(process.cmdline()) or process.name()
    except psutil.Error:
        words = "it has just ended"
    return f"process {process.pid}: {words if len(words) <= 100 else words[:99] + '…'}"


def named(pid: str) -> str:
    """What the lock says of its holder, for a sentence."""
    if not pid.isdecimal() or not psutil.pid_exists(int(pid)):
        return ""
    return f" ({command_of(psutil.Process(int(pid)))})"
