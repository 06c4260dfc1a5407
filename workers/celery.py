"""The Celery application. Tasks are found in each app's tasks.py.

A worker runs with --pool=threads: its threads only watch, the work of a run is done in a child process
(see workers.isolation), so a worker needs no processes of its own and loses nothing when a child dies.
"""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# `manage.py prepare` has run Django's checks; in every worker they would import all pages, half a second of processor
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "workers.transport:Transport"))
app = Celery("assay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_configure.connect
def finish_configuration(sender, **_):
    """What depends on more than one setting."""
    from django.conf import settings

    from workers import schedule
    from workers.broker import socket_path
    if not settings.REDIS_URL:
        sender.conf.broker_url = f"redis+socket://{socket_path(settings.EMBEDDED_REDIS_DIR)}"
    sender.conf.beat_schedule = schedule.BEAT
    sender.conf.beat_schedule_filename = schedule.FILE
