"""One round of the housekeeping on this machine."""

from __future__ import annotations

import logging
import socket
from typing import Any

from django.conf import settings

from workers.housekeeping.disk_use import disk_use
from workers.housekeeping.policy import waste
from workers.models import DiskUse

logger = logging.getLogger(__name__)


def place() -> str:
    return f"{socket.gethostname()}:{settings.DATA_DIR}"[:255]


def keep_house(*, dry_run: bool = False) -> list[dict[str, Any]]:
    """Remove what may go, and note what the disk is used for. With `dry_run` nothing is changed.

    Returns what went (or would): kind, number, bytes. What cannot be removed is logged, and the rest goes all the same.
    """
    known = DiskUse.objects.filter(place=place()).first()
    orphans = dict(known.orphans) if known else {}
    removed = []
    for found in waste(orphans):
        if not dry_run:
            try:
                found.remove()
            except OSError:
                logger.exception("housekeeping: %s could not be removed", found.kind)
                continue
        removed.append({"kind": found.kind, "number": found.number, "bytes": found.bytes})
    if not dry_run:
        DiskUse.objects.update_or_create(place=place(), defaults={
            "kinds": disk_use(), "removed": removed, "orphans": orphans})
    return removed
