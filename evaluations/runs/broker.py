"""The broker, seen from whoever asks: does it answer, and what waits in it."""

from __future__ import annotations

import logging
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError
from kombu.transport.redis import Channel

logger = logging.getLogger(__name__)

QUEUES = ("cpu", "gpu", "tasks")
MESSAGES = 1000  # put back at a time
SECONDS = 2  # how long to wait for an answer
AWAY = "the broker does not answer; this run starts as soon as it is back"


def messages_waiting() -> dict[str, int] | None:
    """Messages per queue that no worker has taken; None when the broker does not answer."""
    steps = settings.CELERY_BROKER_TRANSPORT_OPTIONS["priority_steps"]
    separator = settings.CELERY_BROKER_TRANSPORT_OPTIONS["sep"]
    try:
        with current_app.connection_for_read(transport_options={
                **settings.CELERY_BROKER_TRANSPORT_OPTIONS, "socket_connect_timeout": SECONDS,
                "socket_timeout": SECONDS, "max_retries": 0}) as link:
            channel = link.default_channel
            assert isinstance(channel, Channel), "the broker is a Redis or Valkey"
            client = channel.client
            with client.pipeline(transaction=False) as pipe:
                for queue in QUEUES:
                    for step in steps:
                        pipe.llen(f"{queue}{separator}{step}" if step else queue)
                lengths = pipe.execute()
    except (OperationalError, redis.exceptions.RedisError, OSError):
        return None
    return {queue: sum(lengths[i * len(steps):(i + 1) * len(steps)]) for i, queue in enumerate(QUEUES)}


def return_messages() -> None:
    """Put back what workers have taken and not done, as after the death of one, at once and not after two minutes.

    What a living worker holds comes a second time then, and does no harm: its row is claimed, or it may be done twice.
    """
    try:
        with current_app.connection_for_write() as link:
            channel = link.default_channel
            assert isinstance(channel, Channel), "the broker is a Redis or Valkey"
            taken: Any = channel.qos  # Redis's, of which the types know nothing
            taken.visibility_timeout = 0
            taken.restore_visible(num=MESSAGES)
    except (OperationalError, redis.exceptions.RedisError, OSError) as error:
        logger.warning("the broker does not answer; what a dead worker held comes back later: %s", error)


def away() -> str:
    """What to tell whoever waits for a queued run while the broker does not answer; "" while it does."""
    if messages_waiting() is not None:
        return ""
    return AWAY if settings.REDIS_URL else f"{AWAY} (it is restarted by itself)"
