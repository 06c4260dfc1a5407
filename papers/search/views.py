"""Pages of search, similarity and clusters."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from papers.bibliography.responses import menu
from papers.extensions import asker_of, extensions
from papers.models import Cluster, Paper, SearchText
from papers.parameters import id_from
from papers.search import selectors
from papers.search.embedding import embedding_progress
from papers.search.facets import facets_of
from papers.search.forms import examples_from, filters_from
from papers.search.fusion import UNLIKE, Examples, Results, search, similar, similar_to
from papers.search.query import KINDS, Filters
from papers.search.suggest import suggestions
from papers.selectors import filter_choices, paper_count, paper_rows
from papers.web import page_or_fragment

PER_PAGE = 20
PAPERS_PER_PAGE = 30
SIMILAR = 8
TEXT_LIMIT = 20_000  # characters of a pasted text; the encoder reads far less
READ_WORDS = 190  # about what the packaged model reads of a text


@require_safe
def search_page(request):
    filters, problems = filters_from(request.GET, asker_of(request))
    results = search(request.GET.get("q", ""), filters=filters, limit=PER_PAGE, offset=_offset(request))
    return page_or_fragment(request, "papers/search.html", "papers/_search_results.html", {
        "results": results, "problems": problems, "progress": embedding_progress(), "query": _query(request),
        "facets": _facets(request, results) if results.total else None, "narrowed": _narrowed(request),
        "withdrawn": selectors.withdrawn_among(results.hits), "ticked_text": results.query.text[:1000],
        "like_query": urlencode({"text": results.query.text}) if results.query.text else "",
        "downloads": menu(reverse("search_bibliography"), _query(request)),
        "asked": bool(results.query.typed or filters.about_papers)}, only_page=lambda: {
            "choices": filter_choices(), "link_filter": extensions.filters["link"], "search_fields": [
                (name, list(field.values_for(asker_of(request)) or ())[:6])
                for name, field in extensions.fields.items() if asker_of(request) or not field.personal]})


@require_safe
def search_suggestions(request):
    """Options for the search box, a fragment: what the typed text could become."""
    return render(request, "papers/_suggestions.html", {"suggestions": suggestions(
        request.GET.get("q", ""), asker_of(request))})


@require_safe
def paper_similar(request, pk):
    """Papers and methods near a paper: a fragment of its page, or a page of its own."""
    paper = get_object_or_404(Paper, pk=pk)
    context: dict[str, object] = {"paper": paper}
    for kind in KINDS:
        try:
            context[f"{kind}s"] = similar(kind=SearchText.PAPER, key=str(pk), limit=SIMILAR,
                                          filters=Filters(kinds=(kind,), asker=asker_of(request)))
        except SearchText.DoesNotExist:
            context["unknown"] = True
    return page_or_fragment(request, "papers/paper_similar.html", "papers/_similar.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def similar_page(request):
    """Papers and methods near a pasted text. Posting changes nothing; it only lets the text be long."""
    values = request.POST if request.method == "POST" else request.GET
    filters, problems = filters_from(values, asker_of(request))
    text = values.get("text", "").replace("\0", "").strip()[:TEXT_LIMIT]
    given = {side: values.getlist(side) for side in ("like", "unlike")}
    given["unlike" if values.get("side") == "unlike" else "like"] += values.getlist("ticked")
    examples, unread = examples_from(given["like"], given["unlike"], text)
    problems += unread
    results = None
    if text or examples.like:
        try:
            results = similar_to(examples, filters=filters, limit=PER_PAGE)
        except SearchText.DoesNotExist as error:
            problems.append(str(error))
    elif examples.unlike:
        problems.append("what is unlike something needs a text or an example that it is like")
    return page_or_fragment(request, "papers/similar.html", "papers/_similar_results.html", {
        "withdrawn": selectors.withdrawn_among(results.hits if results else ()), "ticked_text": text[:1000],
        "text": text, "results": results, "problems": problems, "filters": filters, "examples": examples,
        "shown": selectors.examples_shown(examples), "more": _more(examples), "unlike_weight": UNLIKE,
        "cut": len(text.split()) > READ_WORDS, "read_words": READ_WORDS})


@require_safe
def cluster_list(request):
    clusters = selectors.cluster_list()
    return render(request, "papers/cluster_list.html", {
        "clusters": clusters, "map": selectors.paper_map() if clusters else None,
        "alone": paper_count() - sum(cluster.size for cluster in clusters), "progress": embedding_progress()})


@require_safe
def cluster_detail(request, pk):
    cluster = get_object_or_404(Cluster, pk=pk)
    pks, central = selectors.cluster_papers(cluster)
    page = Paginator(pks, PAPERS_PER_PAGE).get_page(request.GET.get("page"))
    papers = Paper.objects.select_related("cluster").in_bulk(list(page.object_list))
    rows = paper_rows(papers[pk] for pk in page.object_list if pk in papers)
    methods = selectors.cluster_methods(cluster)
    return render(request, "papers/cluster_detail.html", {
        "cluster": cluster, "page": page, "rows": [(row, central.get(row.paper.pk)) for row in rows], "query": "",
        "size": len(pks), "downloads": menu(reverse("paper_list_bibliography"), f"cluster={pk}"),
        "methods": methods[:12], "more_methods": max(0, len(methods) - 12),
        "arenas": sorted({(method.arena, method.arena_title) for method in methods}, key=lambda arena: arena[1]),
        "neighbours": selectors.cluster_neighbours(cluster), "map": selectors.paper_map(cluster),
        "decided": selectors.cluster_verdict_papers(cluster)})


def _offset(request) -> int:
    return min(id_from(request.GET.get("offset", "")) or 0, 10**6)


def _facets(request, results: Results) -> dict:
    """The facets with, for each value, the address that narrows to it."""
    counted = facets_of(results)

    def address(name: str, value: str) -> str:
        params = request.GET.copy()
        params.pop("offset", None)
        params[name] = value
        return params.urlencode()

    return {"counted": counted.counted, "all_of_them": counted.all_of_them, "rows": [
        (facet.title, [(title, count, address(facet.name, value)) for value, title, count in facet.values])
        for facet in counted.facets]}


def _narrowed(request) -> list[tuple[str, str, str]]:
    """The address's narrowing fields (name, value, the address's fields without it) that no input of the form shows."""
    narrowed = []
    for name in extensions.fields:
        if name != "link" and (value := request.GET.get(name, "")):
            params = request.GET.copy()
            for gone in (name, "offset"):
                params.pop(gone, None)
            narrowed.append((name, value, params.urlencode()))
    return narrowed


def _more(examples: Examples) -> str:
    """The examples as fields of an address, ready to have one appended; the text is cut to what an address bears."""
    fields = [("like", f"{kind}:{key}") for kind, key in examples.like]
    fields += [("unlike", f"{kind}:{key}") for kind, key in examples.unlike]
    fields += [("text", examples.text[:1000])] if examples.text else []
    return urlencode(fields)


def _query(request) -> str:
    """The address's filled fields without the place in the list, ready to have it appended."""
    params = request.GET.copy()
    params.pop("offset", None)
    for name in [name for name, value in params.items() if not value]:
        del params[name]
    return params.urlencode()
