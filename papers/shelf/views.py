"""Pages of what an account keeps, and the presses that change it; each works as a plain form and as a fragment."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from papers.bibliography.registry import NoSuchFormat
from papers.bibliography.responses import download, menu
from papers.models import Paper
from papers.parameters import id_from
from papers.search.forms import MOST_EXAMPLES
from papers.selectors import paper_rows
from papers.shelf import owners, selectors
from papers.shelf.export import exported
from papers.shelf.models import COLOURS, PaperList, Tag
from papers.shelf.services import ShelfError, list_papers, set_state, tag_papers, write_note
from papers.shelf.undoing import NothingToUndo, undo
from papers.web import may, page_or_fragment, wants_fragment

LIST_ROWS = 40
MOST_TICKED = 500  # rows in one press
PRESSES = {"star": ("star", True), "unstar": ("star", False), "read": ("read", True), "unread": ("read", False),
           "hide": ("hide", True), "show": ("hide", False)}
LIKENESS = ("like", "unlike")


@may("")
@never_cache
def shelf_paper(request, pk):
    """Tags, lists and note of one paper; posted, one press on it."""
    paper = get_object_or_404(Paper, pk=pk)
    error = ""
    if request.method == "POST":
        try:
            _press(request, [pk])
        except ShelfError as refused:
            error = str(refused)
        if not wants_fragment(request):
            if error:
                messages.error(request, error)
            return _back(request)
        return render(request, "papers/shelf/_kept.html", {
            "paper": paper, "error": error, "panel": bool(error or request.POST.get("panel"))})
    return page_or_fragment(request, "papers/shelf/paper.html", "papers/shelf/_panel.html", {
        "paper": paper, "kept": selectors.kept_by(request.user, [pk])[pk], "back": _page_of(request),
        "own_tags": selectors.tag_tree(request.user), "own_lists": selectors.lists_of(request.user)})


@may("")
@require_POST
def shelf_papers(request):
    """One press on the ticked rows, or the last one taken back."""
    ticked = [pk for text in request.POST.getlist("paper")[:MOST_TICKED] if (pk := id_from(text))]
    shown = [pk for text in request.POST.get("shown", "").split(",")[:MOST_TICKED] if (pk := id_from(text))]
    if ticked and request.POST.get("do") == "compare":
        address = f"{reverse('arena_compare')}?{urlencode([('paper', pk) for pk in ticked])}"
        return HttpResponseClientRedirect(address) if wants_fragment(request) else redirect(address)
    changed = ticked
    if request.POST.get("do") in LIKENESS and (ticked or request.POST.getlist("ticked")):
        return _examples(request, ticked)
    try:
        if request.POST.get("do") == "undo":
            said, changed = f"Undone: {undo(user=request.user).words}.", shown
        elif not ticked:
            said = "Tick some rows first."
        else:
            action = _press(request, ticked)
            said = f"{action.words[:1].upper()}{action.words[1:]}." if action else "Nothing changed by that."
    except (ShelfError, NothingToUndo) as refused:
        said = str(refused)
    if not wants_fragment(request):
        messages.info(request, said)
        return _back(request)
    papers = Paper.objects.only("title").in_bulk([pk for pk in changed if pk in shown])
    return render(request, "papers/shelf/_changed.html", {
        "changed": [papers[pk] for pk in changed if pk in papers], "said": said})


def _examples(request, papers: list[int]) -> HttpResponse:
    """To what is like the ticked rows, or unlike, besides the examples that the page was made of."""
    page = urlsplit(request.POST.get("next", ""))
    asked = QueryDict(page.query if page.path == reverse("similar") else "", mutable=True)
    side = request.POST["do"]
    asked.setlist(side, list(dict.fromkeys([*asked.getlist(side), *(f"paper:{pk}" for pk in papers),
                                            *request.POST.getlist("ticked")]))[:MOST_EXAMPLES])
    address = f"{reverse('similar')}?{asked.urlencode()}"
    return HttpResponseClientRedirect(address) if wants_fragment(request) else redirect(address)


def _press(request, papers: list[int]):
    """Carry out what the pressed button says. Raises ShelfError."""
    user, press, sent = request.user, request.POST.get("do", ""), request.POST
    if press in PRESSES:
        state, on = PRESSES[press]
        return set_state(user=user, papers=papers, state=state, on=on)
    if sent.get("untag"):
        return tag_papers(user=user, papers=papers, name=sent["untag"], on=False)
    if sent.get("unlist"):
        return list_papers(user=user, papers=papers, name=sent["unlist"], on=False)
    if press == "tag":
        return tag_papers(user=user, papers=papers, name=sent.get("tag") or sent.get("name", ""))
    if press == "list":
        return list_papers(user=user, papers=papers, name=sent.get("list") or sent.get("name", ""))
    if press == "note" and len(papers) == 1:
        return write_note(user=user, paper=papers[0], text=sent.get("note", ""))
    raise ShelfError("There is no such thing to do.")


def _back(request) -> HttpResponse:
    """To the page that was posted from."""
    address = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()},
                                           require_https=request.is_secure()):
        address = ""
    return redirect(address or "shelf")


def _page_of(request) -> str:
    """The path of the page that a fragment is put into."""
    current = request.headers.get("HX-Current-URL", "")
    if not url_has_allowed_host_and_scheme(current, allowed_hosts={request.get_host()}):
        return request.get_full_path()
    return "/" + current.split("/", 3)[3] if current.count("/") > 2 else current


@may("")
@require_safe
@never_cache
def shelf(request):
    """Everything the account keeps, at a glance."""
    return render(request, "papers/shelf/shelf.html", {"shelf": selectors.shelf(request.user), "colours": COLOURS})


@may("")
@require_POST
def shelf_undo(request):
    """Take back one action, or the last."""
    try:
        undone = undo(user=request.user, pk=id_from(request.POST.get("action", "")))
        messages.success(request, f"Undone: {undone.words}.")
    except NothingToUndo as nothing:
        messages.info(request, str(nothing))
    return _back(request)


@may("")
@require_safe
@never_cache
def shelf_names(request):
    """Options for a box that takes a tag or a list: a fragment."""
    return render(request, "papers/shelf/_names.html", {
        "names": [tag.name for tag in selectors.tag_tree(request.user)]
        + [own.name for own in selectors.lists_of(request.user)]})


@may("")
@require_safe
@never_cache
def shelf_export(request):
    """Everything the account keeps, a paper a line."""
    lines = (json.dumps(line, ensure_ascii=False) + "\n" for line in exported(request.user))
    return StreamingHttpResponse(lines, content_type="application/x-ndjson", headers={
        "Content-Disposition": 'attachment; filename="shelf.jsonl"', "X-Content-Type-Options": "nosniff"})


@may("")
@require_POST
def tag_edit(request, pk):
    """Rename, colour or delete a tag."""
    sent = request.POST
    try:
        if sent.get("do") == "delete":
            owners.delete_owner(user=request.user, kind="tag", pk=pk)
        else:
            owners.edit_tag(user=request.user, pk=pk, name=sent.get("name", ""), colour=sent.get("colour", ""))
    except Tag.DoesNotExist:
        raise Http404("There is no such tag.") from None
    except ShelfError as refused:
        messages.error(request, str(refused))
    return redirect("shelf")


@may("")
@require_POST
def list_new(request):
    try:
        return redirect("shelf_list", owners.make_list(user=request.user, name=request.POST.get("name", "")).pk)
    except ShelfError as refused:
        messages.error(request, str(refused))
        return redirect("shelf")


@may("")
@never_cache
def list_page(request, pk):
    """One list in its order; posted, a press on it."""
    if request.method == "POST":
        return _list_press(request, pk)
    chosen = get_object_or_404(PaperList, pk=pk, user=request.user)
    return render(request, "papers/shelf/list.html", _list_context(request, chosen) | {
        "link": request.build_absolute_uri(f"/lists/shared/{chosen.share_key}/") if chosen.shared else "",
        "downloads": menu(reverse("shelf_list_bibliography", args=[pk]))})


@may("")
@require_safe
@never_cache
def list_bibliography(request, pk):
    """One's own list as a file."""
    return _as_file(request, get_object_or_404(PaperList, pk=pk, user=request.user))


def _as_file(request, chosen: PaperList) -> StreamingHttpResponse:
    """All papers of the list in its order, and no others."""
    try:
        return download(list(selectors.papers_on(chosen).values_list("pk", flat=True)),
                        request.GET.get("format") or "bibtex", slugify(chosen.name) or "list")
    except NoSuchFormat as error:
        raise Http404(str(error)) from error


def _list_context(request, chosen: PaperList) -> dict:
    page = Paginator(selectors.papers_on(chosen).select_related("cluster"), LIST_ROWS).get_page(request.GET.get("page"))
    return {"list": chosen, "page": page, "rows": paper_rows(page.object_list), "query": ""}


def _list_press(request, pk: int) -> HttpResponse:
    user, sent = request.user, request.POST
    press = sent.get("do", "")
    try:
        if press == "delete":
            owners.delete_owner(user=user, kind="list", pk=pk)
            messages.success(request, "The list is deleted; its papers stay. “Undo” on this page brings it back.")
            return redirect("shelf")
        if press == "move":
            paper, to = id_from(sent.get("paper", "")), id_from(sent.get("to", ""))
            if not (paper and to):
                raise ShelfError("Say which paper goes to which place, from 1.")
            owners.move_entry(user=user, pk=pk, paper=paper, to=to)
        elif press == "share":
            days = sent.get("days", "")
            owners.share_list(user=user, pk=pk, days=None if days == "always" else id_from(days) or 0)
        elif press == "unshare":
            owners.unshare_list(user=user, pk=pk)
        elif press == "edit":
            owners.edit_list(user=user, pk=pk, name=sent.get("name", ""), about=sent.get("about", ""))
    except PaperList.DoesNotExist:
        raise Http404("There is no such list.") from None
    except ShelfError as refused:
        messages.error(request, str(refused))
    return redirect("shelf_list", pk)


@require_safe
@never_cache
def list_shared(request, key):
    """A list for whoever has its link, until that expires."""
    return render(request, "papers/shelf/shared.html", _list_context(request, _shared(key)) | {
        "downloads": menu(reverse("shelf_list_shared_bibliography", args=[key]))})


@require_safe
@never_cache
def list_shared_bibliography(request, key):
    """The same list as a file."""
    return _as_file(request, _shared(key))


def _shared(key: str) -> PaperList:
    chosen = selectors.shared_list(key)
    if chosen is None:
        raise Http404("This link does not work, or not any more.")
    return chosen
