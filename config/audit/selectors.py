"""The history of an object, and of everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from config.audit.models import Entry
from evaluations.models import Claim, Snapshot
from methods.models import Method
from papers.models import Digest, Merge, Paper
from papers.parameters import id_from
from papers.sources.models import Source

PUBLIC = ("paper", "method", "arena", "claim", "reported", "digest", "run", "snapshot")  # pages anybody may read
SIGNED_IN = ("source",)  # ... anybody who has logged in; of all others an administrator sees the history
KINDS = (*PUBLIC, *SIGNED_IN, "account", "invitation", "ask", "token")
ADDRESS = {"paper": "/papers/{}/", "method": "/methods/{}/", "arena": "/arenas/{}/", "claim": "/claims/{}/",
           "digest": "/digests/{}/", "source": "/sources/{}/", "run": "/runs/{}/", "snapshot": "/snapshots/{}/",
           "ask": "/asks/"}
SHOWN = 50


@dataclass(frozen=True)
class Happened:
    """An act as a list shows it; `things` are its objects as (kind, key, title, address), the first the main one."""

    entry: Entry
    things: list[tuple[str, str, str, str]]


def history_of(kind: str, key: str) -> QuerySet[Entry]:
    """What was done to an object, newest first; to a paper also what was done to those that are part of it by now."""
    return Entry.objects.filter(kind=kind, key__in=[key, *(_folded(key) if kind == "paper" else ())])


def _folded(key: str) -> list[str]:
    """Papers within papers, as far down as they go."""
    found: set[int] = set()
    asked = {number} if (number := id_from(key)) else set()
    while asked:
        asked = set(Merge.objects.filter(kept__in=asked, undone_at=None).values_list("dropped", flat=True)) - found
        found |= asked
    return [str(number) for number in found]


def acts(*, who: str = "", verb: str = "", kind: str = "") -> QuerySet[Entry]:
    """Every act, newest first; `who` is an account's name."""
    chosen = Q(leading=True)
    if who:
        chosen &= Q(name=who)
    if verb:
        chosen &= Q(verb=verb)
    if kind:
        chosen &= Q(kind=kind)
    return Entry.objects.filter(chosen)


def told(entries: Sequence[Entry]) -> list[Happened]:
    """The acts of these entries with all their objects; a query for each kind there is."""
    of: dict[str, list[tuple[str, str]]] = {}
    for act, kind, key in Entry.objects.filter(act__in=[entry.act for entry in entries]).order_by(
            "pk").values_list("act", "kind", "key"):
        of.setdefault(act, []).append((kind, key))
    titles = _titles({pair for pairs in of.values() for pair in pairs})
    return [Happened(entry, [(kind, key, titles.get((kind, key), f"{kind} {key}"),
                              ADDRESS[kind].format(key) if (kind, key) in titles and kind in ADDRESS else "")
                             for kind, key in of[entry.act][:SHOWN]]) for entry in entries]


def _titles(pairs: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What these objects are called, of those that are there."""
    def keys(kind: str) -> list[str]:
        return [key for found, key in pairs if found == kind]

    def numbers(kind: str) -> list[int]:
        return [number for key in keys(kind) if (number := id_from(key))]
    titles = {("ask", key): f"request {key}" for key in keys("ask")} | {
        ("run", key): f"run {key}" for key in keys("run")} | {("arena", key): key for key in keys("arena")}
    for kind, model, field in (("paper", Paper, "title"), ("digest", Digest, "name"), ("source", Source, "name"),
                               ("claim", Claim, "sentence")):
        titles |= {(kind, str(pk)): title for pk, title in model._default_manager.filter(
            pk__in=numbers(kind)).values_list("pk", field)}
    titles |= {("snapshot", key): title for key, title in Snapshot.objects.filter(
        pk__in=keys("snapshot")).values_list("pk", "title")}
    methods = [key.partition("/") for key in keys("method")]
    if methods:
        titles |= {("method", f"{arena}/{slug}"): title for arena, slug, title in Method.objects.filter(
            arena__in={arena for arena, _, _ in methods}, slug__in={slug for _, _, slug in methods}).values_list(
            "arena", "slug", "title")}
    return titles
