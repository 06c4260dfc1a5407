"""Days, weeks and months as pages with an address each: 2026-11-27, 2026-W48, 2026-11."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.urls import reverse
from django.utils import timezone

from papers.extensions import Happened, extensions
from papers.models import Digest

KINDS = DAY, WEEK, MONTH = "day", "week", "month"


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` on, up to but without `end`, in the site's time zone."""

    kind: str
    first: date
    end: date

    @property
    def name(self) -> str:
        """As its address has it."""
        if self.kind == WEEK:
            year, week, _ = self.first.isocalendar()
            return f"{year:04d}-W{week:02d}"
        return self.first.isoformat() if self.kind == DAY else f"{self.first:%Y-%m}"

    @property
    def title(self) -> str:
        last = self.end - timedelta(days=1)
        if self.kind == DAY:
            return f"{self.first:%A}, {self.first.day} {self.first:%B %Y}"
        if self.kind == MONTH:
            return f"{self.first:%B %Y}"
        return f"Week {self.first.isocalendar().week}: {self.first.day} {self.first:%B} to {last.day} {last:%B %Y}"

    @property
    def address(self) -> str:
        return reverse(f"paper_{self.kind}", args=[self.name])

    @property
    def start(self) -> datetime:
        return _midnight(self.first)

    @property
    def until(self) -> datetime:
        return _midnight(self.end)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def period(kind: str, name: str) -> Period | None:
    """The day, week or month so written; None for what is none."""
    try:
        if kind == WEEK:
            match = re.fullmatch(r"(\d{4})-W(\d{2})", name)
            return around(kind, date.fromisocalendar(int(match[1]), int(match[2]), 1)) if match else None
        if not re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", name) or (kind == MONTH) != (len(name) == 7):
            return None
        return around(kind, date.fromisoformat(name if kind == DAY else f"{name}-01"))
    except (ValueError, OverflowError):
        return None


def around(kind: str, day: date) -> Period | None:
    """The day, week or month in which a day lies, within the years that every time zone can write."""
    if not 2 < day.year < 9998:
        return None
    if kind == DAY:
        return Period(kind, day, day + timedelta(days=1))
    if kind == WEEK:
        monday = day - timedelta(days=day.weekday())
        return Period(kind, monday, monday + timedelta(days=7))
    first = day.replace(day=1)
    return Period(kind, first, (first + timedelta(days=32)).replace(day=1))


def neighbours(shown: Period) -> tuple[Period | None, Period | None]:
    """The nearest such periods before and after in which a digest came or something happened."""
    imports = Digest.objects.values_list("imported_at", flat=True)
    pairs = [(imports.filter(imported_at__lt=shown.start).order_by("-imported_at").first(),
              imports.filter(imported_at__gte=shown.until).order_by("imported_at").first()),
             *(near(shown.start, shown.until) for near in extensions.near)]
    return (_holding(shown.kind, max(filter(None, (before for before, _ in pairs)), default=None)),
            _holding(shown.kind, min(filter(None, (after for _, after in pairs)), default=None)))


def _holding(kind: str, moment: datetime | None) -> Period | None:
    return around(kind, timezone.localdate(moment)) if moment else None


def happened_in(shown: Period) -> list[Happened]:
    """What the apps above did then."""
    return [part for told in extensions.happened for part in told(shown.start, shown.until)]
