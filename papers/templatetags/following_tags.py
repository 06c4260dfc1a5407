"""The buttons that follow and save, the views on the start page, and the number of unread notifications."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from papers.following import selectors

register = template.Library()
MOST_BUTTONS = 20  # of the authors of one paper


def _reader(context: Context) -> Any:
    user = context.get("user")
    return user if user is not None and user.is_authenticated else None


@register.inclusion_tag("papers/following/_follow_button.html", takes_context=True)
def follow_button(context: Context, kind: str, key: object) -> dict[str, Any]:
    """Follow it, or stop; a visitor is led to log in."""
    reader, request = _reader(context), context["request"]
    return {"kind": kind, "key": str(key), "here": request.get_full_path(), "reader": reader, "request": request,
            "followed": bool(reader) and selectors.is_followed(reader, kind, str(key))}


@register.simple_tag
def author_names(names: Sequence[str], most: int = 3) -> SafeString:
    """The first of them, each leading to what it wrote, where one can follow it."""
    search, more = reverse("search"), len(names) - most
    return format_html('<small class="authors">{}{}</small>', format_html_join(
        ", ", '<a href="{}?q=author:%22{}%22">{}</a>', ((search, quote(name), name) for name in names[:most])),
        f" and {more} more" if more > 0 else "")


@register.inclusion_tag("papers/following/_author_buttons.html", takes_context=True)
def author_buttons(context: Context, names: Sequence[str], back: str = "") -> dict[str, Any]:
    """The names, each with a button to follow it; visitors see where the names lead."""
    reader, request = _reader(context), context["request"]
    followed = selectors.followed_authors(reader, names[:MOST_BUTTONS]) if reader else set()
    return {"authors": [(name, name in followed) for name in names[:MOST_BUTTONS]], "others": names[MOST_BUTTONS:],
            "reader": reader, "here": back or request.get_full_path(), "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("papers/following/_save_view.html", takes_context=True)
def save_view(context: Context) -> dict[str, Any]:
    """Keep the list of this address under a name."""
    return {"reader": _reader(context), "here": context["request"].get_full_path(), "request": context["request"]}


@register.inclusion_tag("papers/following/_my_views.html", takes_context=True)
def my_views(context: Context) -> dict[str, Any]:
    """The reader's views with what is new in each."""
    reader = _reader(context)
    return {"views": selectors.counted(selectors.view_list(reader, start=True)) if reader else []}


@register.simple_tag(takes_context=True)
def notifications_link(context: Context) -> SafeString:
    """To the notifications, with how many are unread."""
    reader = _reader(context)
    if reader is None:
        return SafeString("")
    number = selectors.unread_count(reader)
    words = f"{number} unread notifications" if number != 1 else "1 unread notification"
    badge = format_html(' <span class="badge badge-info" aria-hidden="true">{}</span>',
                        "99+" if number > 99 else number) if number else ""
    return format_html('<a href="{}" aria-label="News for you: {}">News{}</a>', reverse("notification_list"),
                       words if number else "nothing unread", badge)
