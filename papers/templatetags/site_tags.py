"""Template tags of the frame around every page."""

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from papers.search.selectors import PaperMap

register = template.Library()


@register.simple_tag(takes_context=True)
def section_link(context: Context, view: str, title: str, *further: str) -> SafeString:
    """A link of the menu, marked when the page lies at or below its address or that of a `further` view."""
    request = context.get("request")
    path = request.path if request else ""
    current = any(path.startswith(reverse(name)) for name in (view, *further))
    return format_html('<a href="{}"{}>{}</a>', reverse(view), SafeString(' aria-current="page"' if current else ""),
                       title)


@register.simple_tag
def map_marks(drawn: PaperMap, chosen: object) -> SafeString:
    """The papers on a map as circles that are links; `chosen`, a cluster, makes its own the larger ones. A thousand of
    them through a template's loop would take longer than all the rest of the page."""
    before, after = reverse("paper_detail", args=[0]).split("0")
    return SafeString("\n".join(
        f'<a href="{before}{mark.paper}{after}"><circle class="series-{mark.series}{"" if mark.inside else " dim"}" '
        f'cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="{5 if mark.inside and chosen else 3}"><title>{escape(mark.title)}'
        "</title></circle></a>" for mark in drawn.marks))
