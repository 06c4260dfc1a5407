"""The bibliographies that pages offer: of one paper, of a filtered list, of a search."""

from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from papers import selectors
from papers.bibliography.items import Papers
from papers.bibliography.registry import NoSuchFormat
from papers.bibliography.responses import download
from papers.bibliography.selectors import papers_found
from papers.extensions import asker_of
from papers.forms import PaperFilter
from papers.identity.merging import now_at
from papers.models import Paper


@require_safe
def paper_bibliography(request, pk):
    """One paper."""
    if not Paper.objects.filter(pk=pk).exists():
        if (kept := now_at(pk)) is None:
            raise Http404("There is no such paper.")
        return redirect(f"{reverse('paper_bibliography', args=[kept])}?{request.GET.urlencode()}")
    return _download([pk], request, f"paper-{pk}")


@require_safe
def paper_list_bibliography(request):
    """The papers of a filtered list, of a digest, of a cluster."""
    return _download(selectors.paper_list(**PaperFilter(request.GET, asker=asker_of(request)).values()), request)


@require_safe
def search_bibliography(request):
    """The papers that a search finds, in its order."""
    return _download(papers_found(request.GET.get("q", ""), request.GET, asker_of(request)), request, "search")



def _download(papers: Papers, request, stem: str = "papers"):
    try:
        return download(papers, request.GET.get("format") or "bibtex", stem)
    except NoSuchFormat as error:
        raise Http404(str(error)) from error
