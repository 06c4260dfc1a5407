"""Template tags of the frame around every page."""

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def section_link(context: Context, view: str, title: str, *further: str) -> SafeString:
    """A link of the menu, marked when the page lies at or below its address or that of a `further` view."""
    request = context.get("request")
    path = request.path if request else ""
    current = any(path.startswith(reverse(name)) for name in (view, *further))
    return format_html('<a href="{}"{}>{}</a>', reverse(view), SafeString(' aria-current="page"' if current else ""),
                       title)
