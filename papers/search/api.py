"""Search, similarity and clusters as data."""

from __future__ import annotations

from typing import Annotated, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError
from ninja.pagination import paginate

from papers.extensions import asker_of
from papers.forms import OneOf
from papers.models import Cluster, Paper, SearchText
from papers.parameters import Id, Page, Pages
from papers.search import selectors
from papers.search.embedding import embedding_progress
from papers.search.facets import facets_of
from papers.search.forms import MOST_EXAMPLES, examples_from, filters_from
from papers.search.fusion import search, similar, similar_to

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
    q: Annotated[str, Field(description='words, "phrases", -without, prefix*, a OR b, author:Hu, year:2023, '
                            'link:implements, an arXiv id, a DOI or an address', max_length=20_000)] = ""
    facets: Annotated[bool, Field(description="count what was found by kind, year and other fields")] = False


class SimilarQuery(Restriction):
    text: Annotated[str, Field(description="what to compare", max_length=20_000)] = ""
    like: Annotated[list[str], Field(description="paper:12 or method:arena/slug; the mean of them and of the text is "
                                     "compared", max_length=MOST_EXAMPLES)] = []
    unlike: Annotated[list[str], Field(description="the same; half the mean of them is taken off",
                                       max_length=MOST_EXAMPLES)] = []


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
    authors: list[str]
    found_by: Annotated[str, Field(description="identifier or author where that is why it comes first")]

    @staticmethod
    def resolve_links(hit):
        return hit.link_kinds


class FacetValue(Schema):
    value: str
    title: str
    count: int


class FacetOut(Schema):
    name: str
    title: str
    values: list[FacetValue]


class ResultsOut(Schema):
    query: str
    total: int
    limit: int
    offset: int
    meaning: Annotated[bool, Field(description="false when only words were compared; notes say why")]
    notes: list[str]
    embedded: int
    texts: int
    by_author: Annotated[int, Field(description="papers by an author named as typed, where words found other texts")]
    facets: Annotated[list[FacetOut] | None, Field(description="most frequent first; of the first `counted` found")]
    counted: int | None
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
    filters = _filters(request, query)
    return _answer(search(query.q, filters=filters, limit=query.limit, offset=query.offset), query.facets)


@router.get("/similar", response=ResultsOut)
def similar_to_text(request, query: Query[SimilarQuery]):
    """Papers and methods near a text or examples, by meaning: the mean of what they should be like less half the mean
    of what they should not, at unit length."""
    examples, problems = examples_from(query.like, query.unlike, query.text)
    if problems or not (query.text.strip() or examples.like):
        raise HttpError(422, "; ".join(problems) or "give a text, or an example that it should be like")
    try:
        return _answer(similar_to(examples, filters=_filters(request, query), limit=query.limit, offset=query.offset))
    except SearchText.DoesNotExist as error:
        raise HttpError(404, f"{error}.") from None


@router.get("/papers/{paper_id}/similar", response=ResultsOut)
def similar_to_paper(request, paper_id: Id, query: Query[Restriction]):
    """Papers and methods near a paper, by meaning."""
    get_object_or_404(Paper, pk=paper_id)
    return _similar_to(request, SearchText.PAPER, str(paper_id), query)


@router.get("/methods/{arena}/{slug}/similar", response=ResultsOut)
def similar_to_method(request, arena: str, slug: str, query: Query[Restriction]):
    """Papers and methods near a method, by meaning."""
    return _similar_to(request, SearchText.METHOD, f"{arena}/{slug}", query)


@router.get("/clusters", response=list[ClusterOut])
@paginate(Pages, times=("updated_at",))
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


def _similar_to(request, kind: str, key: str, query: Restriction) -> dict:
    filters = _filters(request, query)
    try:
        return _answer(similar(kind=kind, key=key, filters=filters, limit=query.limit, offset=query.offset))
    except SearchText.DoesNotExist:
        raise HttpError(404, f"No {kind} {key} is searchable.") from None


def _filters(request, query: Restriction):
    filters, problems = filters_from(query.dict(), asker_of(request))
    if problems:
        raise HttpError(422, "; ".join(problems))
    return filters


def _answer(results, with_facets: bool = False) -> dict:
    progress = embedding_progress()
    facets = facets_of(results) if with_facets else None
    return {"query": results.query.typed, "total": results.total, "limit": results.limit, "offset": results.offset,
            "meaning": results.meaning, "notes": list(results.notes), "embedded": progress.done,
            "texts": progress.total, "hits": results.hits, "by_author": results.by_author,
            "counted": facets.counted if facets else None, "facets": facets and [
                {"name": facet.name, "title": facet.title,
                 "values": [{"value": value, "title": title, "count": count} for value, title, count in facet.values]}
                for facet in facets.facets]}
