"""Sources and wanted papers as pages and programs read them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from papers.sources.models import Source, SourceFetch, WantedPaper

SHOWN_FOR = timedelta(days=7)  # a wanted paper that arrived


def source_list() -> QuerySet[Source]:
    return Source.objects.filter(removed_at=None)


def source_overview() -> dict[str, Any]:
    """The sources, and whether one of them is being fetched or will be in a moment."""
    sources, now = list(source_list()), timezone.now()
    return {"sources": sources, "busy": any(
        source.running_since or (source.active and source.next_run_at and source.next_run_at <= now)
        for source in sources)}


def removed_sources() -> QuerySet[Source]:
    """Those that can still come back, the last removed first."""
    return Source.objects.exclude(removed_at=None).order_by("-removed_at")


def fetches_of(source: Source) -> QuerySet[SourceFetch]:
    return source.fetches.prefetch_related("digests")


def wanted_list() -> QuerySet[WantedPaper]:
    """What waits, and what arrived lately, the last asked for first."""
    return (WantedPaper.objects.exclude(state=WantedPaper.ADDED)
            | WantedPaper.objects.filter(state=WantedPaper.ADDED, asked_at__gte=timezone.now() - SHOWN_FOR)
            ).select_related("paper")


def wanted_counts() -> dict[str, int]:
    return {state: WantedPaper.objects.filter(state=state).count()
            for state in (WantedPaper.QUEUED, WantedPaper.WAITING)}
