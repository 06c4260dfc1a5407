"""Pages of sources and of papers asked for. Reading them takes a login, since addresses tell what people follow."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from papers.sources import selectors, services
from papers.sources.forms import SourceForm
from papers.sources.models import Source, WantedPaper
from papers.sources.wanted import NotAdded, ask_for_wanted, drop_wanted, retry_wanted, want_papers
from papers.web import may

PER_PAGE = 50


@may("")
@require_safe
def source_list(request):
    return render(request, "papers/sources/source_list.html", {
        **selectors.source_overview(), "removed": selectors.removed_sources()[:20],
        "wanted": selectors.wanted_counts()})


@may("")
@require_safe
def source_rows(request):
    """The fragment that renews itself while a source is being fetched."""
    return render(request, "papers/sources/_source_rows.html", selectors.source_overview())


@may("")
@require_safe
def source_detail(request, pk):
    source = get_object_or_404(selectors.source_list(), pk=pk)
    page = Paginator(selectors.fetches_of(source), 20).get_page(request.GET.get("page"))
    return render(request, "papers/sources/source_detail.html", {"source": source, "page": page})


@may("papers.add_source")
def source_new(request):
    return _edit(request, Source(kind=Source.ARXIV, every_minutes=360))


@may("papers.change_source")
def source_edit(request, pk):
    return _edit(request, get_object_or_404(selectors.source_list(), pk=pk))


def _edit(request, source: Source):
    """The form; posted with `try`, what a fetch would bring, without saving anything; else saved."""
    if request.method != "POST":
        return render(request, "papers/sources/source_form.html", {
            "form": SourceForm(instance=source), "source": source})
    form = SourceForm(request.POST, instance=source)
    trial = None
    if form.is_valid():
        if "try" in request.POST:
            trial = services.try_source(source=form.source())
        else:
            try:
                saved = services.save_source(source=form.source(), by=request.user)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                services.run_now(source=saved)
                messages.success(request, f"“{saved.name}” is saved and being looked at; then {saved.schedule}.")
                return redirect("source_detail", saved.pk)
    return render(request, "papers/sources/source_form.html", {"form": form, "source": source, "trial": trial},
                  status=422 if form.errors else 200)


@may("papers.change_source")
@require_POST
def source_run(request, pk):
    source = get_object_or_404(selectors.source_list(), pk=pk)
    if services.run_now(source=source):
        messages.info(request, f"“{source.name}” is being fetched.")
    else:
        messages.warning(request, "No broker answers: it will be fetched once the services run.")
    return redirect("source_detail", pk)


@may("papers.change_source")
@require_POST
def source_pause(request, pk):
    source = get_object_or_404(selectors.source_list(), pk=pk)
    services.pause_source(source=source, paused=source.active, by=request.user)
    messages.info(request, f"“{source.name}” is {'paused' if source.active else 'on again'}.")
    return redirect("source_detail", pk)


@may("papers.delete_source")
@require_POST
def source_remove(request, pk):
    source = get_object_or_404(selectors.source_list(), pk=pk)
    services.remove_source(source=source, by=request.user)
    messages.success(request, f"“{source.name}” is removed; its papers stay. It can be brought back below.")
    return redirect("source_list")


@may("papers.delete_source")
@require_POST
def source_restore(request, pk):
    source = get_object_or_404(selectors.removed_sources(), pk=pk)
    try:
        services.restore_source(source=source, by=request.user)
    except ValidationError as error:
        messages.error(request, f"“{source.name}” cannot come back: {' '.join(error.messages)}")
        return redirect("source_list")
    return redirect("source_detail", pk)


@may("papers.add_digest")
@require_POST
def paper_add(request):
    """Note the papers that the text names, and have them fetched."""
    try:
        wanted = want_papers(text=request.POST.get("text", ""), by=request.user)
    except NotAdded as error:
        messages.error(request, str(error))
        return redirect("wanted_list")
    if any(row.state != WantedPaper.ADDED for row in wanted) and not ask_for_wanted():
        messages.warning(request, "No broker answers: they will be fetched once the services run.")
    if len(wanted) == 1 and wanted[0].paper_id:
        messages.info(request, "This paper is here already.")
        return redirect("paper_detail", wanted[0].paper_id)
    return redirect("wanted_list")


@may("")
@require_safe
def wanted_list(request):
    return render(request, "papers/sources/wanted_list.html", _wanted(request))


@may("")
@require_safe
def wanted_rows(request):
    """The fragment that renews itself while papers are being fetched."""
    return render(request, "papers/sources/_wanted_rows.html", _wanted(request))


def _wanted(request) -> dict:
    page = Paginator(selectors.wanted_list(), PER_PAGE).get_page(request.GET.get("page"))
    return {"page": page, "counts": selectors.wanted_counts()}


@may("papers.add_digest")
@require_POST
def wanted_retry(request, pk):
    retry_wanted(rows=[get_object_or_404(WantedPaper, pk=pk)])
    ask_for_wanted()
    return redirect("wanted_list")


@may("papers.add_digest")
@require_POST
def wanted_remove(request, pk):
    row = get_object_or_404(WantedPaper, pk=pk)
    drop_wanted(row=row)
    messages.info(request, f"{row} is off the list.")
    return redirect("wanted_list")
