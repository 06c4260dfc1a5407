"""The history of one object, folded into its page, and the list of everything for administrators."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from config.audit import selectors
from config.audit.models import Entry
from papers.web import HtmxRequest, may, page_or_fragment

PER_PAGE = 50


def history(request: HtmxRequest, kind: str, key: str) -> HttpResponse:
    """What people did to one object; of what not everybody may see, for those who may."""
    if kind not in selectors.KINDS:
        raise Http404("there is no such kind of object")
    if kind in selectors.PUBLIC:
        return _history(request, kind, key)
    return may("" if kind in selectors.SIGNED_IN else "audit.view_entry")(_history)(request, kind, key)


def _history(request: HtmxRequest, kind: str, key: str) -> HttpResponse:
    page = Paginator(selectors.history_of(kind, key[:160]), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "kind": kind, "key": key, "acts": selectors.told(list(page))}
    return page_or_fragment(request, "audit/history.html", "audit/_acts.html", context)


@may("audit.view_entry")
def entry_list(request: HtmxRequest) -> HttpResponse:
    """Every act, by account, verb or kind of object."""
    chosen = {name: request.GET.get(name, "").strip()[:150] for name in ("who", "verb", "kind")}
    page = Paginator(selectors.acts(**chosen), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "audit/entry_list.html", {
        "page": page, "acts": selectors.told(list(page)), "chosen": chosen, "kinds": selectors.KINDS,
        "verbs": Entry.objects.order_by("verb").values_list("verb", flat=True).distinct(),
        "query": urlencode({name: value for name, value in chosen.items() if value})})
