"""What of the method library can be saved and followed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse

from methods.models import Method
from methods.selectors import method_list
from papers.feeds import Entry
from papers.following.registry import (
    DECIDED,
    FLIPPED,
    RUN_DONE,
    RUN_FAILED,
    Asked,
    FollowKind,
    Found,
    Reader,
    Registry,
    ViewKind,
)
from papers.parameters import MOST_LETTERS


def mark_of(number: int) -> str:
    """A primary key as a mark: marks are compared as text."""
    return f"{number:020d}"


def newest_method(arguments: Mapping[str, Any], settled: bool) -> str:
    newest = Method.objects.order_by("-pk").values_list("pk", flat=True).first()
    return mark_of(newest) if newest else ""


def listed_methods(asked: Asked) -> list[Entry]:
    """The library does not keep when a method came: the year of its paper stands in for it in feeds."""
    filters = {name: asked.query.get(name, "").strip()[:MOST_LETTERS]
               for name in ("q", "arena", "fidelity", "measured")}
    methods = method_list(**filters)
    if asked.after:
        methods = methods.filter(pk__gt=int(asked.after))
    if asked.until:
        methods = methods.filter(pk__lte=int(asked.until))
    return [Entry(method.title, reverse("method_detail", args=[method.arena_id, method.slug]),
                  datetime(method.year or 2000, 1, 1, tzinfo=UTC),
                  method.summary, categories=(method.arena.title,))
            for method in methods.order_by("-pk")[:asked.limit]]


def _method(key: str, reader: Reader) -> Found | None:
    arena, _, slug = key.partition("/")
    method = Method.objects.filter(arena=arena, slug=slug).only("title", "arena_id", "slug").first()
    return Found(method.key, method.title, reverse("method_detail", args=[arena, slug])) if method else None


def register(registry: Registry) -> None:
    registry.views["method_list"] = ViewKind("Methods", "methods", newest_method, listed_methods)
    registry.follows["method"] = FollowKind("Method", _method, (FLIPPED, DECIDED, RUN_DONE, RUN_FAILED), (DECIDED,))
