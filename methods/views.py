"""Pages of the method library."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from methods.models import Arena, Method, PaperLink
from methods.scaffold import NoArena, scaffold
from methods.selectors import broken_for, method_list, paper_links, papers_of, related_papers
from methods.services import curate_link, forget_curation
from papers.models import Paper, SearchText
from papers.parameters import MOST_LETTERS
from papers.search.fusion import similar
from papers.search.query import Filters
from papers.web import may, page_or_fragment, wants_fragment

PER_PAGE = 60
RELATED_SHOWN = 12  # papers near a method in meaning


def method_list_page(request):
    filters = {name: request.GET.get(name, "").strip()[:MOST_LETTERS]
               for name in ("q", "arena", "fidelity", "measured")}
    page = Paginator(method_list(**filters), PER_PAGE).get_page(request.GET.get("page"))
    return page_or_fragment(
        request, "methods/method_list.html", "methods/_method_rows.html", {"page": page, "filters": filters},
        only_page=lambda: {"arenas": Arena.objects.filter(present=True).only("title")})


def method_detail(request, arena, slug):
    methods = Method.objects.select_related("arena").defer("arena__source_code", "arena__explanation")
    broken = broken_for(arena, slug)
    if broken and not methods.filter(arena_id=arena, slug=slug).exists():
        return render(request, "methods/broken_file.html", {"broken": broken})
    method = get_object_or_404(methods, arena_id=arena, slug=slug)
    covers = {named["title"]: named.get("covers", "") for named in method.papers}
    implements = papers_of(method).filter(kind=PaperLink.IMPLEMENTS)
    return render(request, "methods/method_detail.html", {
        "method": method, "broken": broken,
        "implements": [(link.paper, covers.get(link.paper.title, "")) for link in implements],
        "related": related_papers(method, RELATED_SHOWN),
        "source": highlight(method.source_code, PythonLexer(), HtmlFormatter(nowrap=True)),
    })


def method_similar(request, arena, slug):
    """The methods nearest in meaning, with score and percentile; a fragment for htmx, else a page."""
    method = get_object_or_404(Method, arena_id=arena, slug=slug)
    try:
        results = similar(kind=SearchText.METHOD, key=method.key, filters=Filters(kinds=(SearchText.METHOD,)), limit=8)
    except SearchText.DoesNotExist:
        raise Http404(f"{method.key} has no search text") from None
    return page_or_fragment(request, "methods/method_similar.html", "methods/_similar_methods.html",
                            {"method": method, "results": results})


@require_safe
def paper_scaffold(request, pk):
    """The file to start a method of a paper from: shown with what is to do, or downloaded."""
    paper = get_object_or_404(Paper, pk=pk)
    try:
        begun = scaffold(paper=paper, arena=request.GET.get("arena", ""))
    except NoArena as error:
        raise Http404(str(error)) from None
    if "download" in request.GET:
        return HttpResponse(begun.text, content_type="text/x-python; charset=utf-8", headers={
            "Content-Disposition": content_disposition_header(True, begun.file_name)})
    return render(request, "methods/paper_scaffold.html", {
        "paper": paper, "begun": begun, "source": highlight(begun.text, PythonLexer(), HtmlFormatter(nowrap=True)),
        "arenas": Arena.objects.filter(present=True).only("title", "question")})


@may("methods.change_paperlink")
@require_POST
def link_curate(request, paper):
    """Accept, reject, add or undo a link of a paper; answers with the paper's list of links."""
    paper = get_object_or_404(Paper, pk=paper)
    word, method_key = request.POST.get("word"), request.POST.get("method", "")
    arena, _, slug = method_key.partition("/")
    method = get_object_or_404(Method, arena_id=arena, slug=slug)
    if word == "undo":
        link = get_object_or_404(PaperLink, paper=paper, method=method)
        forget_curation(link=link, by=request.user)
    else:
        curate_link(paper=paper, method=method, by=request.user,
                    state=PaperLink.REJECTED if word == "reject" else PaperLink.ACCEPTED)
    if not wants_fragment(request):
        return redirect("paper_detail", paper.pk)
    return render(request, "methods/_paper_links.html", paper_links(paper) | {"paper": paper, "may_curate": True})
