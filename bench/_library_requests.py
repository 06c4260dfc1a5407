"""Answers bench.library's questions about one site: the project's own WSGI application, in one process, called the
way the web server calls it (a database connection a request, as the settings say), so that the processor time of
every single request is known. Reads a question a line from standard input, writes an answer a line.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def ask(application: Application, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """One GET request: status, headers and body."""
    parts = urlsplit(path)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": unquote(parts.path), "QUERY_STRING": parts.query,
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "HTTP_HOST": "localhost", "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}}
    started: list[tuple[str, list[tuple[str, str]]]] = []
    answer = application(environ, lambda status, fields, error=None: started.append((status, fields)))
    try:
        body = b"".join(answer)
    finally:
        if close := getattr(answer, "close", None):
            close()
    status, fields = started[0]
    return int(status.split()[0]), {name.lower(): value for name, value in fields}, body


def measure(application: Application, question: dict[str, Any]) -> dict[str, Any]:
    """Ask again and again for as long as it was said; times in milliseconds, without those of the warm-up."""
    cpu: list[float] = []
    wall: list[float] = []
    began = time.perf_counter()
    while True:
        busy, clock = time.process_time(), time.perf_counter()
        status, headers, body = ask(application, question["path"], question.get("headers", {}))
        cpu.append(1000 * (time.process_time() - busy))
        wall.append(1000 * (time.perf_counter() - clock))
        if len(cpu) >= question["warm_ups"] + question["repeats"]:
            break
        if len(cpu) >= question["warm_ups"] + question["least"] and time.perf_counter() - began > question["seconds"]:
            break
    answer = {"status": status, "bytes": len(body), "cpu": cpu[question["warm_ups"]:],
              "wall": wall[question["warm_ups"]:], "headers": headers}
    return answer | ({"body": body.decode(errors="replace")} if question.get("body") else {})


def main() -> None:
    sys.path[0] = os.getcwd()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the project prints is not an answer
    from importlib import import_module
    application: Application = import_module("config.wsgi").application
    for line in sys.stdin:
        answers.write(json.dumps(measure(application, json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
