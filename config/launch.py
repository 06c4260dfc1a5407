"""`python -m config.launch`: everything on one machine, in one terminal, until Ctrl-C.

Prepares the database and the method library, then runs broker, workers, scheduler and web server together and
starts again what dies. PORT, HOST, DATABASE_URL, REDIS_URL and DATA_DIR override the defaults.
"""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sys
from pathlib import Path

from config.premises import MARK, CannotStart, free_port, take_folder
from config.supervisor import Part, Supervisor
from workers import lifeline

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
WEB_SECONDS = 10.0  # how long the other parts wait for the web server; it takes one or two


def main() -> int:
    """Run all until a signal ends it; 0 then. Ends with one sentence and status 1 when it cannot start."""
    os.chdir(ROOT)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from workers.broker import BrokerError
    try:
        return launch(os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000")
    except (CannotStart, BrokerError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped; nothing was started.")
    except Exception as error:
        from config.sentences import sentence
        said = sentence(error)
        if said is None:
            raise
        sys.exit(said)


def launch(host: str, port: str) -> int:
    cpu_slots()
    from django.conf import settings  # alone, without the apps: the parts load those, each for itself
    folder = settings.DATA_DIR
    lock = take_folder(folder)
    number = free_port(host, port)
    supervisor = Supervisor()
    try:
        if settings.REDIS_URL:
            refuse_silent_broker(settings.REDIS_URL)
        else:
            supervisor.add(broker_part(settings.EMBEDDED_REDIS_DIR))
        site = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0', '::') else host}:{number}"
        link = prepare(supervisor, site)
        parts = {name: Part(name, starter(name, command)) for name, command in processes(host, number).items()}
        supervisor.add(parts.pop("web"))
        supervisor.wait_for(lambda: answers(host, number), WEB_SECONDS)  # first, with the processors to itself
        for part in parts.values():
            supervisor.add(part)
        print(banner(site, link), flush=True)
        supervisor.run()
    finally:
        supervisor.stop()
        os.close(lock)
    return 0


def prepare(supervisor: Supervisor, site: str) -> str:
    """Bring the data folder up to date and return a login link; ends the launch when that fails.

    Both in one process, which takes the memory of the method library with it when it ends.
    """
    command = ["manage.py", "login_link", "--prepare", "--site", site]
    done = supervisor.call([PYTHON, *command], cwd=ROOT, env=environment("prepare"))
    if done.returncode:
        sys.exit(f"“{' '.join(command)}” failed; nothing was started.")
    return done.stdout.strip()


def answers(host: str, port: int) -> bool:
    """Whether the web server answers, whatever it says."""
    connection = http.client.HTTPConnection({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, timeout=0.25)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def processes(host: str, port: int) -> dict[str, list[str]]:
    """What runs side by side, by name."""
    worker = [PYTHON, "-m", "celery", "--quiet", "-A", "workers.celery", "worker", "--pool=threads", "--without-gossip",
              "--without-mingle", "-l", "warning"]
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    table = {
        "web": [PYTHON, "-m", "gunicorn", "config.wsgi", "--bind", bind, "--worker-class", "gthread",
                "--workers", "1", "--threads", "8", "--log-level", "warning", "--no-control-socket"],
        "cpu": [*worker, "-Q", "cpu", "-n", "cpu@%h", "-c", str(cpu_slots())],
        "tasks": [*worker, "-Q", "tasks", "-n", "tasks@%h", "-c", "2"],
        "schedule": [PYTHON, "-m", "celery", "--quiet", "-A", "workers.celery", "beat", "-l", "warning"],
    }
    if shutil.which("nvidia-smi"):
        table["gpu"] = [*worker, "-Q", "gpu", "-n", "gpu@%h", "-c", "1"]
    return table


def cpu_slots() -> int:
    """Runs at a time. Raises CannotStart when CPU_SLOTS is none."""
    given = os.environ.get("CPU_SLOTS") or str(os.cpu_count() or 1)
    if not (given.isascii() and given.isdecimal() and int(given)):
        raise CannotStart(f"CPU_SLOTS must be a number from 1, not {given!r}")
    return int(given)


def starter(name: str, command: list[str]):
    """How the part of that name is started, each time it is."""
    def start(**options) -> subprocess.Popen:
        return subprocess.Popen(lifeline.command_of(command), stdin=subprocess.DEVNULL, start_new_session=True,
                                cwd=ROOT, env=environment(name), **options)
    return start


def environment(name: str) -> dict[str, str]:
    """A part's environment: by its mark a later start knows it."""
    extra = {"ASSAY_DEVICE": os.environ.get("ASSAY_DEVICE", "cuda:0")} if name == "gpu" else {}
    return {**os.environ, **extra, "PYTHONUNBUFFERED": "1", MARK: name}


def broker_part(folder: Path) -> Part:
    """The embedded broker: the first start waits until it answers and raises BrokerError when it does not."""
    from workers import broker
    begun = False

    def start(**options) -> subprocess.Popen:
        nonlocal begun
        begin = broker.spawn if begun else broker.start
        server = begin(folder, env=environment("broker"), **options)
        begun = True
        return server
    return Part("broker", start, last=True, words=lambda: broker.last_words(folder))


def refuse_silent_broker(url: str) -> None:
    """Raises BrokerError when the broker that REDIS_URL names cannot be asked."""
    from kombu.utils.url import sanitize_url

    from workers.broker import BrokerError, problem_with
    if problem := problem_with(url):
        raise BrokerError(f"The broker that REDIS_URL names, {sanitize_url(url)}, {problem}: start it, correct "
                          "REDIS_URL, or unset it to have one started here")


def banner(site: str, link: str) -> str:
    return (f"\n  Assay is at     {site}\n  Log in once at  {link}\n"
            "                  (works once, for an hour; set a password on the account page)\n"
            "  Stop with       Ctrl-C\n")


if __name__ == "__main__":
    sys.exit(main())
