"""Search, similarity and clusters as data."""

from __future__ import annotations

from typing import Annotated, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError
from ninja.pagination import paginate

from papers.forms import OneOf
from papers.models import Cluster, Paper, SearchText
from papers.parameters import Id, Page, Pages
from papers.search import selectors
from papers.search.embedding import embedding_progress
from papers.search.forms import filters_from
from papers.search.fusion import search, similar

router = Router(tags=["search"])


class Restriction(Schema):
    kind: Annotated[Literal["paper", "method", ""], Field(description="one kind only")] = ""
    digest: Annotated[str, Field(description="papers listed in it: id or part of the name", max_length=255)] = ""
    cluster: Annotated[str, Field(description="papers in it: id or part of the label", max_length=200)] = ""
    year: Annotated[str, Field(description="2023, 2020-2022, 2020- or -2022", max_length=20)] = ""
    link: Annotated[str, OneOf("link"), Field(description="papers whose best link to a method is this")] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class SearchQuery(Restriction):
    q: Annotated[str, Field(description='words, "phrases", -without, prefix*, year:2023, link:implements',
                            max_length=20_000)] = ""


class SimilarQuery(Restriction):
    text: Annotated[str, Field(description="what to compare", min_length=1, max_length=20_000)]


class HitOut(Schema):
    kind: Literal["paper", "method"]
    key: Annotated[str, Field(description="a paper's id, a method's arena/slug")]
    title: str
    url: str
    score: Annotated[float, Field(description="reciprocal rank fusion of the two rankings")]
    word_rank: int | None
    word_score: Annotated[float | None, Field(description="BM25 on SQLite, ts_rank on PostgreSQL")]
    meaning_rank: int | None
    cosine: float | None
    percentile: Annotated[float | None, Field(description="share of random pairs that are less alike, 0 to 100")]
    reason: Annotated[list[str], Field(description="distinctive terms shared with the query")]
    year: int | None
    cluster_id: int | None
    cluster_label: str
    links: Annotated[list[str], Field(description="kinds of the paper's links to methods")]

    @staticmethod
    def resolve_links(hit):
        return hit.link_kinds


class ResultsOut(Schema):
    query: str
    total: int
    limit: int
    offset: int
    meaning: Annotated[bool, Field(description="false when only words were compared; notes say why")]
    notes: list[str]
    embedded: int
    texts: int
    hits: list[HitOut]


class ClusterOut(Schema):
    id: int
    label: str
    size: int
    terms: Annotated[list[tuple[str, float]], Field(description="most distinctive first, with class-based TF-IDF")]


class ClusterPaper(Schema):
    id: int
    title: str
    year: int | None
    cosine: Annotated[float | None, Field(description="to the cluster's centre")]


class MethodCountOut(Schema):
    key: str
    title: str
    arena: str
    implements: int
    related: int


class NeighbourOut(Schema):
    id: int
    label: str
    cosine: float


class ClusterDetail(ClusterOut):
    papers: Annotated[list[ClusterPaper], Field(description="the part that was asked for, of `size`")]
    methods: Annotated[list[MethodCountOut], Field(description="the part that was asked for, of `methods_count`")]
    methods_count: int
    neighbours: list[NeighbourOut]


@router.get("/search", response=ResultsOut)
def search_everything(request, query: Query[SearchQuery]):
    """Papers and methods by words and meaning, the best first."""
    return _answer(search(query.q, filters=_filters(query), limit=query.limit, offset=query.offset))


@router.get("/similar", response=ResultsOut)
def similar_to_text(request, query: Query[SimilarQuery]):
    """Papers and methods near a text, by meaning."""
    return _answer(similar(text=query.text, filters=_filters(query), limit=query.limit, offset=query.offset))


@router.get("/papers/{paper_id}/similar", response=ResultsOut)
def similar_to_paper(request, paper_id: Id, query: Query[Restriction]):
    """Papers and methods near a paper, by meaning."""
    get_object_or_404(Paper, pk=paper_id)
    return _similar_to(SearchText.PAPER, str(paper_id), query)


@router.get("/methods/{arena}/{slug}/similar", response=ResultsOut)
def similar_to_method(request, arena: str, slug: str, query: Query[Restriction]):
    """Papers and methods near a method, by meaning."""
    return _similar_to(SearchText.METHOD, f"{arena}/{slug}", query)


@router.get("/clusters", response=list[ClusterOut])
@paginate(Pages)
def clusters(request):
    """The clusters of papers, the largest first."""
    return selectors.cluster_list()


@router.get("/clusters/{cluster_id}", response=ClusterDetail)
def cluster(request, cluster_id: Id, page: Query[Page]):
    """One cluster: its papers from the centre outwards, the methods they link to, and the nearest clusters.

    `limit` and `offset` say which part of the papers and of the methods.
    """
    shown = get_object_or_404(Cluster, pk=cluster_id)
    pks, central = selectors.cluster_papers(shown)
    papers, methods = Paper.objects.in_bulk(page.of(pks)), selectors.cluster_methods(shown)
    return {"id": shown.pk, "label": shown.label, "size": len(pks), "terms": shown.terms,
            "papers": [{"id": pk, "title": papers[pk].title, "year": papers[pk].year, "cosine": central.get(pk)}
                       for pk in page.of(pks) if pk in papers],
            "methods": page.of(methods), "methods_count": len(methods),
            "neighbours": [{"id": other.pk, "label": other.label, "cosine": cosine}
                           for other, cosine in selectors.cluster_neighbours(shown)]}


def _similar_to(kind: str, key: str, query: Restriction) -> dict:
    try:
        return _answer(similar(kind=kind, key=key, filters=_filters(query), limit=query.limit, offset=query.offset))
    except SearchText.DoesNotExist:
        raise HttpError(404, f"No {kind} {key} is searchable.") from None


def _filters(query: Restriction):
    filters, problems = filters_from(query.dict())
    if problems:
        raise HttpError(422, "; ".join(problems))
    return filters


def _answer(results) -> dict:
    progress = embedding_progress()
    return {"query": results.query.typed, "total": results.total, "limit": results.limit, "offset": results.offset,
            "meaning": results.meaning, "notes": list(results.notes), "embedded": progress.done,
            "texts": progress.total, "hits": results.hits}
