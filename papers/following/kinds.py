"""What of papers can be saved and followed: lists, searches, topics, authors, clusters, papers and sources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from papers import selectors
from papers.feeds import Entry, paper_entries
from papers.following.links import resolved
from papers.following.models import SavedView
from papers.following.registry import (
    DECIDED,
    FLIPPED,
    MATCH,
    RUN_DONE,
    RUN_FAILED,
    SOURCE,
    Asked,
    Draft,
    FollowKind,
    Found,
    Reader,
    Registry,
    ViewKind,
    Watched,
)
from papers.forms import PaperFilter
from papers.models import Cluster, Paper, SearchText
from papers.parameters import MOST_LETTERS, id_from
from papers.search.fields import papers_with
from papers.search.forms import filters_from
from papers.search.lexical import texts_having
from papers.search.parsing import parse_query
from papers.sources.models import Source

SETTLED = timedelta(minutes=2)  # more than any transaction of an import lasts, or clusters take after the vectors
PATIENCE = timedelta(minutes=30)  # for a paper's vector, on which its cluster hangs


def moment(mark: str) -> datetime | None:
    return datetime.fromisoformat(mark) if mark else None


def newest_paper(arguments: Mapping[str, Any], settled: bool) -> str:
    """When the newest paper arrived, or the newest one before all that is still worked on; two looks at an index."""
    papers = Paper.objects.order_by("-created_at")
    if settled:
        now = timezone.now()
        papers = papers.filter(created_at__lte=now - SETTLED)
        waiting = Paper.objects.filter(search_text__embedded_by="", created_at__gte=now - PATIENCE).order_by(
            "created_at").values_list("created_at", flat=True).first()
        if waiting:
            papers = papers.filter(created_at__lt=waiting)
    found = papers.values_list("created_at", flat=True).first()
    return found.isoformat() if found else ""


def _part(papers: QuerySet[Paper], asked: Asked) -> list[Entry]:
    if after := moment(asked.after):
        papers = papers.filter(created_at__gt=after)
    if until := moment(asked.until):
        papers = papers.filter(created_at__lte=until)
    return paper_entries(papers.order_by("-created_at", "-pk").select_related("cluster")[:asked.limit])


def listed_papers(asked: Asked) -> list[Entry]:
    """Of a filtered list of papers."""
    values = PaperFilter(asked.query, asker=asked.reader).values()
    values.pop("sort", None)
    return _part(selectors.paper_list(**values), asked)


def found_papers(asked: Asked) -> list[Entry]:
    """Papers with the words and fields of a search. What is only near in meaning is not new: everything is near."""
    filters, _ = filters_from(asked.query, asked.reader)
    query = parse_query(asked.query.get("q", ""), filters)
    if SearchText.PAPER not in query.filters.kinds:
        return []
    papers = papers_with(query.filters.narrowing, asked.reader)
    if query.wanted or query.required or query.excluded:
        papers = papers.filter(search_text__in=texts_having(query.typed, asked.reader))
    return _part(papers, asked)


def _query(**values: str) -> QueryDict:
    return QueryDict(urlencode(values))


def _topic(key: str, reader: Reader) -> Found | None:
    words = " ".join(key.split())[:MOST_LETTERS]
    if not parse_query(words).wanted and not parse_query(words).required:
        return None
    return Found(words, words, f"{reverse('search')}?{urlencode({'q': words})}")


def _by(name: str) -> str:
    return f'author:"{name}"'


def author_key(name: str) -> str:
    """What a follow of an author is kept under."""
    return " ".join(name.replace('"', " ").split())[:MOST_LETTERS]


def _author(key: str, reader: Reader) -> Found | None:
    name = author_key(key)
    if not re.search(r"[^\W_]", name):
        return None
    return Found(name, name, f"{reverse('search')}?{urlencode({'q': _by(name)})}")


def _cluster(key: str, reader: Reader) -> Found | None:
    cluster = Cluster.objects.filter(pk=id_from(key) or 0).first()
    return Found(str(cluster.pk), cluster.label, reverse("cluster_detail", args=[cluster.pk])) if cluster else None


def _search(key: str, reader: Reader) -> Found | None:
    asked = QueryDict(key)
    kept = [(name, value) for name in asked if name != "offset" and (value := asked.get(name, "").strip())]
    if not kept or len(urlencode(kept)) > 480:
        return None
    title = " · ".join(value if name == "q" else f"{name} {value}" for name, value in kept)
    return Found(urlencode(kept), title[:300], f"{reverse('search')}?{urlencode(kept)}")


def _view(key: str, reader: Reader) -> Found | None:
    view = SavedView.objects.filter(pk=id_from(key) or 0, removed_at=None, owner=reader).first()
    return Found(str(view.pk), view.name, view.address) if view else None


def _watched_view(key: str) -> Watched:
    view = SavedView.objects.get(pk=key)
    return Watched(view.kind, QueryDict(view.query), resolved(view.path).kwargs)


def _paper(key: str, reader: Reader) -> Found | None:
    paper = Paper.objects.filter(pk=id_from(key) or 0).first()
    return Found(str(paper.pk), paper.title[:300], reverse("paper_detail", args=[paper.pk])) if paper else None


def _source(key: str, reader: Reader) -> Found | None:
    if key == ALL:
        return Found(ALL, "every source", reverse("source_list"))
    source = Source.objects.filter(pk=id_from(key) or 0, removed_at=None).first()
    return Found(str(source.pk), source.name, reverse("source_detail", args=[source.pk])) if source else None


ALL = "all"


def broken_sources(refs: list[str]) -> list[Draft]:
    """Of sources that stopped bringing anything."""
    return [Draft(SOURCE, f"source:{source.pk}:{source.last_run_at:%Y%m%d%H%M%S}",
                  f"{source.name}: {source.get_outcome_display()}"[:300], reverse("source_detail", args=[source.pk]),
                  frozenset({("source", str(source.pk)), ("source", ALL)}), source.reason)
            for source in Source.objects.filter(pk__in=refs, removed_at=None).exclude(last_run_at=None)]


def register(registry: Registry) -> None:
    registry.views["paper_list"] = ViewKind("Papers", "papers", newest_paper, listed_papers)
    registry.views["search"] = ViewKind("Search", "papers", newest_paper, found_papers)
    registry.follows["topic"] = FollowKind("Topic", _topic, (MATCH,),
                                           watch=lambda key: Watched("search", _query(q=key)))
    registry.follows["author"] = FollowKind("Author", _author, (MATCH,),
                                            watch=lambda key: Watched("search", _query(q=_by(key))))
    registry.follows["cluster"] = FollowKind("Cluster", _cluster, (MATCH,),
                                             watch=lambda key: Watched("paper_list", _query(cluster=key)))
    registry.follows["search"] = FollowKind("Search", _search, (MATCH,),
                                            watch=lambda key: Watched("search", QueryDict(key)))
    registry.follows["view"] = FollowKind("Saved view", _view, (MATCH,), watch=_watched_view)
    registry.follows["paper"] = FollowKind("Paper", _paper, (FLIPPED, DECIDED, RUN_DONE, RUN_FAILED), (DECIDED,))
    registry.follows["source"] = FollowKind("Source", _source, (SOURCE,))
    registry.happenings["source"].append(broken_sources)
