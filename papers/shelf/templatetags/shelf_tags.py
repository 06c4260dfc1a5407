"""What an account keeps, beside each paper: {% shelf_bar rows %} once before the rows, {% keep paper %} in each."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from papers.extensions import asker_of
from papers.models import Paper
from papers.shelf.markdown import rendered
from papers.shelf.selectors import kept_by, lists_of, tag_tree
from papers.web import wants_fragment

register = template.Library()
LOADED = "shelf_kept"  # on the request: what is kept of the papers of this page
BAR = "shelf_bar_shown"


@register.inclusion_tag("papers/shelf/_bar.html", takes_context=True)
def shelf_bar(context: Context, rows: Any) -> dict[str, Any]:
    """The bar that acts on ticked rows. `rows` are papers, rows of papers, or what search found."""
    request = context["request"]
    asker = asker_of(request)
    if asker is None:
        return {}
    shown = [pk for row in rows if (pk := _number_of(row))]
    setattr(request, LOADED, getattr(request, LOADED, {}) | kept_by(asker, shown))
    setattr(request, BAR, True)
    return {"asker": asker, "shown": shown, "back": request.get_full_path(), "csrf_token": context.get("csrf_token"),
            "among_similar": request.path == reverse("similar")}


@register.inclusion_tag("papers/shelf/_keep.html", takes_context=True)
def keep(context: Context, paper: Any, title: str = "", *, oob: bool = False, panel: bool = False) -> dict[str, Any]:
    """The controls of one paper, or of its number and title; `panel` shows tags, lists and note for editing, `oob`
    takes the place of those on the page, from a bulk action's answer."""
    request = context["request"]
    asker = asker_of(request)
    if asker is None:
        return {}
    pk = paper.pk if isinstance(paper, Paper) else int(paper)
    kept = getattr(request, LOADED, {}).get(pk) or kept_by(asker, [pk])[pk]
    parts = {"own_tags": tag_tree(asker), "own_lists": lists_of(asker), "paper": paper, "request": request,
             "user": asker} if panel else {}
    title = title or getattr(paper, "title", "")
    return {"kept": kept, "short": title if len(title) < 60 else f"{title[:59]}…",
            "address": reverse("shelf_paper", args=[pk]), "back": back_to(request), "oob": oob,
            "ticks": getattr(request, BAR, False) or wants_fragment(request), "panel": panel,
            "csrf_token": context.get("csrf_token"), **parts}


def back_to(request) -> str:
    """The page that the controls stand on: of a fragment the one it is put into."""
    return request.POST.get("next", "").partition("#")[0] or request.get_full_path()


@register.simple_tag(takes_context=True)
def own_note(context: Context, paper: Paper) -> SafeString:
    """The account's note on the paper, rendered."""
    asker = asker_of(context["request"])
    note = kept_by(asker, [paper.pk])[paper.pk].note if asker else ""
    return format_html('<div class="prose note">{}</div>', rendered(note)) if note else SafeString("")


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown as safe HTML."""
    return rendered(text)


def _number_of(row: Any) -> int | None:
    """The paper's number of a paper, a row of one, or a hit; None for a method that was found."""
    if isinstance(row, Paper):
        return row.pk
    if isinstance(row, tuple):
        return next((number for part in row if (number := _number_of(part))), None)
    if hasattr(row, "kind"):
        return int(row.key) if row.kind == "paper" else None
    return row.paper.pk if hasattr(row, "methods") else None
