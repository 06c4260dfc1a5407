"""Pages of papers and digests."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST, require_safe
from django_htmx.http import push_url

from papers import selectors
from papers.bibliography.formats import bibtex
from papers.bibliography.items import item_of
from papers.bibliography.responses import menu
from papers.digests.columns import FIELDS
from papers.digests.records import DigestError
from papers.extensions import asker_of, extensions
from papers.forms import UPLOAD_LIMIT, ColumnChoice, DigestForm, PaperFilter
from papers.identity.merging import merges_into, now_at
from papers.identity.questions import questions_about
from papers.identity.selectors import addressed, origins_of, versions_of
from papers.models import Digest, Paper
from papers.paging import LongPaginator
from papers.services import continue_import, import_digests, preview_digests, remove_digest, restore_digest
from papers.sources import citations
from papers.sources.code_links import code_of
from papers.storage import originals
from papers.uploads import UploadExpired, claim_uploads, keep_uploads, removal_of, removal_token
from papers.web import may, page_or_fragment, wants_fragment

PER_PAGE = 40


@require_safe
def paper_list(request):
    form = PaperFilter(request.GET, asker=asker_of(request))
    filters = form.values()
    whole = not filters.keys() - {"sort"}
    page = LongPaginator(
        selectors.paper_list(**filters).prefetch_related("cluster"), PER_PAGE,
        known=selectors.paper_count if whole else None, as_many=selectors.texts_of(**filters),
        in_order=lambda: selectors.paper_list(**filters, in_order=True).prefetch_related("cluster"),
    ).get_page(request.GET.get("page"))
    query = _query(request)
    response = page_or_fragment(request, "papers/paper_list.html", "papers/_paper_rows.html", {
        "page": page, "rows": selectors.paper_rows(page.object_list), "filters": filters, "query": query,
        "after": _query(request, without="after"), "ignored": form.ignored(),
        "downloads": menu(reverse("paper_list_bibliography"), query)}, only_page=lambda: {
            "choices": selectors.filter_choices(),
            "further": [(name, offered, filters.get(name, "")) for name, offered in extensions.filters.items()
                        if asker_of(request) or not offered.personal]})
    if wants_fragment(request):
        address = "&".join(filter(None, [query, f"page={page.number}" if page.number > 1 else ""]))
        push_url(response, f"{request.path}?{address}" if address else request.path)
    return response


def _query(request, *, without: str = "") -> str:
    """The address's filters without the page number, ready to have more appended."""
    params = request.GET.copy()
    params.pop("page", None)
    params.pop(without, None)
    for name in [name for name, value in params.items() if not value]:
        del params[name]
    return params.urlencode()


@require_safe
def paper_detail(request, pk):
    paper = Paper.objects.select_related("cluster", "look_up").filter(pk=pk).first()
    if paper is None:
        return _where_it_went(pk, "paper_detail")
    code = code_of(paper)
    links = [url for url in paper.web_urls if url not in {link.url for link in code}]
    return render(request, "papers/paper_detail.html", {
        "paper": paper, "code": code, "links": links, "appearances": selectors.appearances_of(paper),
        "other_titles": paper.other_titles.exclude(title_key=paper.title_key),
        "bibtex": "".join(bibtex.write([item_of(paper)])), "downloads": menu(reverse("paper_bibliography", args=[pk])),
        "origins": origins_of(paper), "versions": versions_of(paper), "identifiers": addressed(paper),
        "merges": merges_into(paper), "questions": questions_about(paper),
        "cites": citations.cites(paper)[:100], "cited_by": citations.cited_by(paper)[:100],
        "look_up": getattr(paper, "look_up", None)})


def _where_it_went(pk: int, name: str) -> HttpResponse:
    """To the same page of the paper that this one is part of by now. Not for good: that can be undone."""
    kept = now_at(pk)
    if kept is None:
        raise Http404("There is no such paper.")
    return redirect(name, kept)



@require_safe
def digest_list(request):
    page = Paginator(selectors.digest_list(), PER_PAGE).get_page(request.GET.get("page"))
    token = request.GET.get("removed", "")
    removed = removal_of(token, user=request.user) if token else None
    return render(request, "papers/digest_list.html", {"page": page, "removed": removed, "token": token})


@require_safe
def digest_detail(request, pk):
    digest = get_object_or_404(selectors.digest_list(), pk=pk)
    page = Paginator(selectors.digest_entries(digest), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "papers/digest_detail.html", {
        "digest": digest, "page": page,
        "rows": list(zip(page.object_list, selectors.paper_rows(entry.paper for entry in page.object_list),
                         strict=True)),
        "rejections": digest.rejections.all()[:500],
        "outcomes": selectors.digest_outcomes(digest) if page.number == 1 else [],
        "progress": selectors.digest_progress(digest),
        "downloads": menu(reverse("paper_list_bibliography"), f"digest={pk}"),
        "has_original": originals.has(digest.sha256)})


@require_GET
def digest_progress(request, pk):
    """The fragment that says how far embedding and linking are, asked for again until they are through."""
    digest = get_object_or_404(Digest, pk=pk)
    if request.GET.get("was") == Digest.IMPORTING and digest.state == Digest.COMPLETE:
        return HttpResponse(headers={"HX-Refresh": "true"})  # the page can show the entries now
    return render(request, "papers/_digest_progress.html", {
        "digest": digest, "progress": selectors.digest_progress(digest)})


@may("papers.add_digest")
@require_safe
def digest_original(request, pk):
    """The bytes as they were imported; only for those who import, since a mail carries more than papers."""
    digest = get_object_or_404(Digest, pk=pk)
    try:
        return _attachment(originals.get(digest.sha256), digest.name, "application/octet-stream")
    except KeyError:
        raise Http404("The original is no longer kept.") from None


@may("papers.add_digest")
def digest_import(request):
    """The form; posted, a preview of what importing would change."""
    form = DigestForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "papers/digest_import.html", {"form": form, "limit": UPLOAD_LIMIT},
                      status=422 if request.method == "POST" else 200)
    return _preview(request, form.uploads())


@may("papers.add_digest")
@require_POST
def digest_columns(request):
    """The same preview, with the columns of its tables as the person has chosen them."""
    try:
        uploads = claim_uploads(request.POST.get("all", ""), user=request.user)
    except UploadExpired as error:
        messages.error(request, str(error))
        return redirect("digest_import")
    choice = ColumnChoice(request.POST)
    return _preview(request, [(name, data, choice.of(number) or columns)
                              for number, (name, data, columns) in enumerate(uploads)])


def _preview(request, uploads: list[tuple[str, bytes, dict[str, str]]]) -> HttpResponse:
    reports = preview_digests(uploads)
    worth_keeping = [upload for upload, report in zip(uploads, reports, strict=True) if report.changes_anything]
    tables = any(report.headings for report in reports)
    return render(request, "papers/digest_preview.html", {
        "reports": reports, "token": keep_uploads(worth_keeping, user=request.user) if worth_keeping else "",
        "all": keep_uploads(uploads, user=request.user) if tables else "", "fields": FIELDS,
        "totals": {name: sum(report.counts[name] for report in reports) for name in reports[0].counts}})


@may("papers.add_digest")
@require_POST
def digest_confirm(request):
    """Import what was previewed."""
    try:
        uploads = claim_uploads(request.POST.get("token", ""), user=request.user)
    except UploadExpired as error:
        messages.error(request, str(error))
        return redirect("digest_import")
    reports = import_digests(uploads, imported_by=request.user, large_later=True)
    for report in reports:
        level = messages.ERROR if report.error else messages.INFO if report.already_imported or report.queued \
            else messages.SUCCESS
        messages.add_message(request, level, report.summary)
    stored = [report.digest_id for report in reports if report.digest_id]
    return redirect("digest_detail", stored[0]) if len(stored) == 1 else redirect("digest_list")


@may("papers.add_digest")
@require_POST
def digest_continue(request, pk):
    """Finish an import that was stopped half way."""
    digest = get_object_or_404(Digest, pk=pk)
    try:
        messages.success(request, continue_import(digest=digest).summary)
    except DigestError as error:
        messages.error(request, str(error))
    return redirect("digest_detail", pk)


@may("papers.delete_digest")
def digest_remove(request, pk):
    """Ask, then take the import back."""
    digest = get_object_or_404(selectors.digest_list(), pk=pk)
    if request.method != "POST":
        return render(request, "papers/digest_remove.html", {
            "digest": digest, "papers": selectors.papers_only_in(digest).count(),
            "restorable": originals.has(digest.sha256)})
    try:
        removal = remove_digest(digest=digest, by=request.user)
    except DigestError as error:
        messages.error(request, str(error))
        return redirect("digest_detail", pk)
    return redirect(f"{reverse('digest_list')}?{urlencode({'removed': removal_token(removal, user=request.user)})}")


@may("papers.add_digest")
@require_POST
def digest_restore(request):
    """Undo a removal by importing the kept original again."""
    removed = removal_of(request.POST.get("token", ""), user=request.user)
    if removed is None:
        messages.error(request, "This can no longer be undone from here: it is more than a day ago. Import the file "
                                "again.")
        return redirect("digest_list")
    try:
        report = restore_digest(sha256=removed["sha256"], name=removed["name"], imported_by=request.user,
                                columns=removed.get("columns"))
    except DigestError as error:
        messages.error(request, str(error))
        return redirect("digest_list")
    messages.success(request, report.summary if report.queued else f"Back again. {report.summary}")
    return redirect("digest_detail", report.digest_id)


def _attachment(body: str | bytes, name: str, content_type: str) -> HttpResponse:
    return HttpResponse(body, content_type=content_type, headers={
        "Content-Disposition": content_disposition_header(True, name), "X-Content-Type-Options": "nosniff"})
