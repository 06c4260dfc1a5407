"""`python -m config.launch`: everything on one machine, in one terminal, until Ctrl-C.

Prepares the database and the method library, then runs broker, workers, scheduler and web
server together. PORT, HOST, DATABASE_URL, REDIS_URL and DATA_DIR override the defaults.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable


def main() -> int:
    os.chdir(ROOT)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    host, port = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    refuse_taken_port(host, port)

    from django.conf import settings  # alone, without the apps: the parts load those, each for itself

    from workers.broker import BrokerError, embedded_broker
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # so that the broker is stopped too
    with contextlib.ExitStack() as stack:
        if not settings.REDIS_URL:
            try:
                stack.enter_context(embedded_broker())
            except BrokerError as error:
                sys.exit(str(error))
        site = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0', '::') else host}:{port}"
        return serve(host, port, banner(site, prepare(site)))


def refuse_taken_port(host: str, port: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            sys.exit(f"Cannot listen on {host}:{port} ({error.strerror}). Choose another: make run PORT=8001")
        except ValueError:
            sys.exit(f"PORT must be a number, not {port!r}")


def prepare(site: str) -> str:
    """Bring the data folder up to date and return a login link; ends the launch when that fails.

    Both in one process, which takes the memory of the method library with it when it ends.
    """
    command = ["manage.py", "login_link", "--prepare", "--site", site]
    done = subprocess.run([PYTHON, *command], text=True, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"“{' '.join(command)}” failed; nothing was started.")
    return done.stdout.strip()


def processes(host: str, port: str) -> dict[str, list[str]]:
    """What runs side by side, by name."""
    worker = [PYTHON, "-m", "celery", "--quiet", "-A", "workers.celery", "worker", "--pool=threads", "--without-gossip",
              "--without-mingle", "-l", "warning"]
    cores = os.cpu_count() or 1
    table = {
        "web": [PYTHON, "-m", "gunicorn", "config.wsgi", "--bind", f"{host}:{port}", "--worker-class", "gthread",
                "--workers", "1", "--threads", "8", "--log-level", "warning"],
        "cpu": [*worker, "-Q", "cpu", "-n", "cpu@%h", "-c", os.environ.get("CPU_SLOTS", str(cores))],
        "tasks": [*worker, "-Q", "tasks", "-n", "tasks@%h", "-c", "2"],
        "schedule": [PYTHON, "-m", "celery", "--quiet", "-A", "workers.celery", "beat", "-l", "warning"],
    }
    if shutil.which("nvidia-smi"):
        table["gpu"] = [*worker, "-Q", "gpu", "-n", "gpu@%h", "-c", "1"]
    return table


def serve(host: str, port: str, text: str) -> int:
    """Start everything, print the address, and stop everything when one part ends or on Ctrl-C."""
    import shlex

    from honcho.manager import Manager
    from honcho.printer import Printer
    manager = Manager(printer=Printer(sys.stdout))
    for name, command in processes(host, port).items():
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        if name == "gpu":
            environment.setdefault("ASSAY_DEVICE", "cuda:0")
        manager.add_process(name, shlex.join(command), env=environment, cwd=str(ROOT))
    print(text, flush=True)
    manager.loop()
    return manager.returncode or 0


def banner(site: str, link: str) -> str:
    return (f"\n  Assay is at     {site}\n  Log in once at  {link}\n"
            "                  (works once, for an hour; set a password on the account page)\n"
            "  Stop with       Ctrl-C\n")


if __name__ == "__main__":
    sys.exit(main())
