"""Template tags of the frame around every page."""

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from papers.search.selectors import PaperMap

register = template.Library()
MOST_LINKS = 250


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
    """The papers on a map: circles that are links, as many as a page bears, and dots for the rest, a path a colour.

    `chosen`, a cluster, makes its own the larger ones, and no others are links. Written here, as so many would take
    long through a template's loop.
    """
    before, after = reverse("paper_detail", args=[0]).split("0")
    inside = [mark for mark in drawn.marks if mark.inside]
    linked = inside[::max(1, -(-len(inside) // MOST_LINKS))]
    dots: dict[int, list[str]] = {}
    for mark in set(drawn.marks).difference(linked):
        dots.setdefault(mark.series, []).append(f"M{mark.x:.1f} {mark.y:.1f}h0")
    paths = [f'<path class="dots dim series-{series}" d="{"".join(sorted(of))}"/>' for series, of in
             sorted(dots.items())]
    return SafeString("\n".join(paths + [
        f'<a href="{before}{mark.paper}{after}"><circle class="series-{mark.series}" cx="{mark.x:.1f}" '
        f'cy="{mark.y:.1f}" r="{5 if chosen else 3}"><title>{escape(mark.title)}</title></circle></a>'
        for mark in linked]))
