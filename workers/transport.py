"""The broker's transport, with a door: a message that cannot be handled is dropped with one line in the log.

Celery trusts its queues: a message without the expected keys ends the whole worker. Here every message is read before
it is delivered, and what is wrong with it is said.
"""

from __future__ import annotations

import base64
import inspect
import logging
from functools import partial
from numbers import Number
from typing import Any, get_type_hints

from celery import current_app
from celery.utils.time import maybe_iso8601
from kombu.transport import redis as kombu_redis
from kombu.utils.json import loads
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

LARGEST = 2**20  # bytes; a task takes a primary key or two
SEPARATOR = ":"  # between a queue's name and its priority, "sep" of the transport's options
SHOWN = 120  # bytes of a bad message in the log
TEXT = (str, type(None))
HEADERS: dict[str, tuple[type, ...]] = {
    "lang": TEXT, "task": (str,), "id": (str,), "shadow": TEXT, "eta": TEXT, "expires": TEXT, "group": TEXT,
    "group_index": (int, type(None)), "retries": (int, type(None)), "timelimit": (list, type(None)),
    "root_id": TEXT, "parent_id": TEXT, "argsrepr": TEXT, "kwargsrepr": TEXT, "origin": TEXT, "meth": TEXT,
    "ignore_result": (bool, type(None)), "replaced_task_nesting": (int, type(None)),
    "stamped_headers": (list, type(None)), "stamps": (dict, type(None)), "compression": (type(None),),
    "delivery_info": (dict, type(None)), "redelivered": (bool, type(None))}
PROPERTIES: dict[str, tuple[type, ...]] = {
    "delivery_tag": (str,), "delivery_info": (dict,), "delivery_mode": (int, type(None)), "correlation_id": TEXT,
    "reply_to": TEXT, "priority": (int, type(None)), "body_encoding": TEXT}


class Malformed(Exception):
    """A message that cannot be handled; says why."""


def check(raw: bytes) -> None:
    """Whether this is a message that a worker of this application can handle. Raises Malformed."""
    if len(raw) > LARGEST:
        raise Malformed(f"it has {len(raw):,} bytes, at most {LARGEST:,} are taken")
    try:
        payload = loads(raw.decode())
    except Exception as error:  # the reader revives dates and more, so anything may go wrong
        raise Malformed(f"it is not JSON in UTF-8: {_said(error)}") from error
    _dict(payload, "the message")
    headers, properties = _dict(payload.get("headers"), "headers"), _dict(payload.get("properties"), "properties")
    _typed(headers, HEADERS, "header", required=("task", "id"))
    _typed(properties, PROPERTIES, "property", required=("delivery_tag", "delivery_info"))
    _typed(properties["delivery_info"], {"exchange": (str,), "routing_key": (str,)}, "delivery_info",
           required=("exchange", "routing_key"))
    for name in ("eta", "expires"):
        try:
            maybe_iso8601(headers.get(name))
        except ValueError as error:
            raise Malformed(f"its header {name} is not a time: {_said(error)}") from error
    limits = headers.get("timelimit") or [None, None]
    if len(limits) != 2 or not all(limit is None or isinstance(limit, Number) for limit in limits):
        raise Malformed("its header timelimit is not two numbers")
    _arguments(headers["task"], *_body(payload, properties.get("body_encoding")))


def _body(payload: dict[str, Any], encoding: str | None) -> tuple[list, dict]:
    """The arguments that the message carries."""
    if payload.get("content-type") != "application/json":
        raise Malformed(f"its content type is {_said(payload.get('content-type'))}, not application/json")
    if payload.get("content-encoding") != "utf-8":
        raise Malformed(f"its content encoding is {_said(payload.get('content-encoding'))}, not utf-8")
    body = payload.get("body")
    if not isinstance(body, str) or encoding not in ("base64", "utf-8", None):
        raise Malformed("its body is not text, plain or in base64")
    try:
        args, kwargs, embed = loads(base64.b64decode(body, validate=True).decode() if encoding == "base64" else body)
    except Exception as error:
        raise Malformed(f"its body is not JSON of arguments, keywords and options: {_said(error)}") from error
    if not isinstance(args, list):
        raise Malformed("its arguments are not a list")
    _dict(embed, "its options")
    return args, _dict(kwargs, "its keywords")


def _arguments(name: str, args: list, kwargs: dict) -> None:
    """Whether this task takes these arguments."""
    task = current_app.tasks.get(name)
    if task is None:
        raise Malformed(f"there is no task {_said(name)}")
    try:
        bound = inspect.signature(task.run).bind(*args, **kwargs)
    except TypeError as error:
        raise Malformed(f"the task {name} does not take its arguments: {_said(error)}") from error
    try:
        hints = get_type_hints(task.run)
    except NameError:  # a name that only type checkers import
        hints = {}
    for argument, value in bound.arguments.items():
        if hints.get(argument) in (int, str) and type(value) is not hints[argument]:
            raise Malformed(f"{argument} of the task {name} is {_said(value)}, not {hints[argument].__name__}")
        if type(value) is int and not -(2**63) <= value < 2**63:
            raise Malformed(f"{argument} of the task {name} is too large")


def _dict(value: Any, what: str) -> dict:
    if not isinstance(value, dict):
        raise Malformed(f"{what} should be an object, not {type(value).__name__}")
    return value


def _typed(values: dict, types: dict[str, tuple[type, ...]], what: str, *, required: tuple[str, ...]) -> None:
    for name in required:
        if name not in values:
            raise Malformed(f"it has no {what} {name}")
    for name, allowed in types.items():
        if name in values and not isinstance(values[name], allowed):
            raise Malformed(f"its {what} {name} is {_said(values[name])}")


def _said(value: Any) -> str:
    """On one line, and short."""
    text = repr(str(value) if isinstance(value, Exception) else value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _drop(queue: str, why: object, raw: bytes) -> None:
    logger.error("dropped a message of the queue %s: %s; it begins %s", queue, why, _said(raw[:SHOWN]))


class Client(kombu_redis.PrefixedStrictRedis):
    """Reads each message that it takes from a queue before anybody else does."""

    def parse_response(self, connection, command_name, **options):
        taken = super().parse_response(connection, command_name, **options)
        if command_name != "BRPOP" or not taken:
            return taken
        key, raw = taken
        queue = key.decode(errors="replace").rsplit(SEPARATOR, 1)[0]
        try:
            if not queue.endswith(".pidbox"):  # what `celery inspect` hears is no task
                check(raw)
        except (Malformed, RecursionError) as error:
            _drop(queue, error, raw)
            return None  # to whoever asked, nothing was waiting
        return taken


class Channel(kombu_redis.Channel):
    def _get_client(self):
        super()._get_client()  # type: ignore[misc]  # refuses versions of redis-py that are too old
        return partial(Client, global_keyprefix=self.global_keyprefix)


class Transport(kombu_redis.Transport):
    Channel = Channel

    def _deliver(self, message, queue):
        """What the check did not foresee costs the message and not the worker; a lost connection is no fault of it."""
        try:
            super()._deliver(message, queue)
        except (RedisError, OSError):
            raise
        except Exception as error:
            logger.debug("the message that was dropped", exc_info=True)
            _drop(queue, f"{type(error).__name__} {_said(error)}", repr(message).encode())
            self._forget(message)

    def _forget(self, message) -> None:
        """Not to be delivered again."""
        tag = (message.get("properties") or {}).get("delivery_tag") if isinstance(message, dict) else None
        for channel in self.channels or ():
            if isinstance(tag, str) and tag in (channel.qos._delivered or ()):
                channel.qos.ack(tag)
