"""Turns at a host, taken by every process of the installation from one row in the database."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from papers.sources.models import HostPace


def pace_of(host: str) -> tuple[str, float]:
    """Whose turns the host shares, and the seconds from one to the next."""
    for domain, seconds in settings.SOURCES_PACE.items():
        if host == domain or host.endswith(f".{domain}"):
            return domain, seconds
    return host[:255], settings.SOURCES_PACE_ELSEWHERE


def reserve(host: str, *, longest: float) -> float:
    """Take the next turn at the host. Returns the seconds to wait for it.

    Raises TooBusy, taking none, where that is longer than `longest`.
    """
    name, pace = pace_of(host)
    now = timezone.now()
    with transaction.atomic():
        HostPace.objects.get_or_create(host=name, defaults={"next_allowed_at": now})
        row = HostPace.objects.select_for_update().get(host=name)
        turn = max(row.next_allowed_at, now)
        wait = (turn - now).total_seconds()
        if wait > longest:
            raise TooBusy(name, turn)
        row.next_allowed_at = turn + timedelta(seconds=pace)
        row.save()
    return wait


def hold_off(host: str, seconds: float) -> None:
    """The host asked for silence: nobody here asks it before."""
    name, _ = pace_of(host)
    until = timezone.now() + timedelta(seconds=seconds)
    with transaction.atomic():
        HostPace.objects.get_or_create(host=name, defaults={"next_allowed_at": until})
        HostPace.objects.filter(host=name, next_allowed_at__lt=until).update(next_allowed_at=until)


class TooBusy(Exception):
    """The host's next turn is too far away."""

    def __init__(self, host: str, until: datetime):
        super().__init__(f"{host} is not asked before {until:%Y-%m-%d %H:%M:%S} UTC, as it wished")
        self.until = until
