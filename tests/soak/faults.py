"""What goes wrong, one function a fault: each does its harm, undoes it where that is somebody else's job, and ends.

A fault returns what it hit in words, or "" when there was nothing to hit.
"""

from __future__ import annotations

import errno
import os
import random
import signal
import time

import psutil

from tests.soak.site import PARTS, Site


class Faults:
    """The faults of one site. `shared_broker` restarts the broker that is not the launcher's own, if there is one."""

    def __init__(self, site: Site, random: random.Random, *, shared_broker=None, may_fill_disk: bool = False):
        self.site, self.random, self.shared_broker = site, random, shared_broker
        names = [name for name in PARTS if name != "broker" or shared_broker is None]
        self.table = {f"kill {name}": lambda name=name: self.kill(name) for name in [*names, "run"]}
        self.table |= {f"freeze {name}": lambda name=name: self.freeze(name) for name in [*names, "run"]}
        self.table |= {"broker flush": self.flush, "database lock": self.lock, "doubled messages": self.double,
                       "malformed message": self.garble}
        if shared_broker is not None:
            self.table["restart shared broker"] = self.restart_broker
        if may_fill_disk:
            self.table["disk full"] = self.fill_disk

    def kill(self, name: str) -> str:
        victims = self.site.parts(name)
        if not victims:
            return ""
        victim = self.random.choice(victims)
        return f"kill -9 {victim.pid}" if _signal(victim, signal.SIGKILL) else ""

    def freeze(self, name: str) -> str:
        victims = self.site.parts(name)
        if not victims:
            return ""
        victim, seconds = self.random.choice(victims), self.random.uniform(3, 20)
        if not _signal(victim, signal.SIGSTOP):
            return ""
        time.sleep(seconds)
        _signal(victim, signal.SIGCONT)
        return f"froze {victim.pid} for {seconds:.0f} s"

    def flush(self) -> str:
        return "" if self._broker(lambda client: client.flushall()) is None else "every message gone"

    def garble(self) -> str:
        garbage = self.random.choice([b"not json", b"{}", b"[]", b"\xff\xfe", b'{"body": 1, "headers": {}}'])
        def push(client):
            lists = [key for key in client.keys("*") if client.type(key) == b"list"]
            name = lists[0] if lists else b"cpu"
            return client.lpush(name, garbage)
        return f"{garbage!r} among the messages" if self._broker(push) else ""

    def lock(self) -> str:
        """Hold the database against every writer, longer than a worker's heart may be silent."""
        from django.db import OperationalError, connection, transaction
        seconds = self.random.uniform(5, 25)
        try:
            with transaction.atomic():
                if connection.vendor == "postgresql":
                    with connection.cursor() as cursor:
                        cursor.execute("LOCK TABLE evaluations_run, evaluations_worker IN EXCLUSIVE MODE")
                time.sleep(seconds)
        except OperationalError:
            return ""
        finally:
            connection.close()
        return f"held for {seconds:.0f} s"

    def double(self) -> str:
        """Send messages of runs once more: of those waiting, at work and done."""
        from celery import current_app
        from kombu.exceptions import OperationalError

        from evaluations.models import Run
        pks = list(Run.objects.filter(scale="smoke").order_by("?").values_list("pk", "queue")[:50])
        try:
            for pk, queue in pks:
                current_app.signature("workers.execute_run", args=[pk]).apply_async(queue=queue, retry=False)
        except OperationalError:
            return ""
        return f"{len(pks)} messages sent again" if pks else ""

    def fill_disk(self) -> str:
        path, seconds = self.site.data / "filler", self.random.uniform(5, 15)
        written = 0
        try:
            with open(path, "wb", buffering=0) as file:
                while True:
                    written += file.write(b"\0" * 2**20)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        time.sleep(seconds)
        os.unlink(path)
        return f"no space for {seconds:.0f} s ({written / 2**20:.0f} MB taken)"

    def restart_broker(self) -> str:
        self.shared_broker()
        return "kill -9 and a new start"

    def _broker(self, ask):
        import redis
        from django.conf import settings
        url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://")
        try:
            with redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2) as client:
                return ask(client)
        except redis.exceptions.RedisError:
            return None


def _signal(process: psutil.Process, number: int) -> bool:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return False
    return True
