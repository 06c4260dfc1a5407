"""`manage.py worker_health`: exit status 0 while a worker of this host is alive, for container health checks."""

import socket

from django.core.management.base import BaseCommand, CommandError

from evaluations.runs.selectors import live_workers


class Command(BaseCommand):
    help = "Say which workers of this host are alive; fails when none is."

    def handle(self, **options):
        workers = [worker for worker in live_workers() if worker.host == socket.gethostname()]
        if not workers:
            raise CommandError(f"no worker of {socket.gethostname()} has been heard of lately")
        for worker in workers:
            self.stdout.write(f"{worker.name}: {', '.join(worker.queues)}; last heard of at {worker.seen_at:%H:%M:%S}")
