"""Template tags of the method library."""

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import mark_safe

from methods import selectors
from methods.formulas import typeset

register = template.Library()


@register.inclusion_tag("methods/_paper_links.html", takes_context=True)
def paper_links(context, paper):
    """The methods a paper is linked to, with what a curator may do about them."""
    user = context["request"].user
    return selectors.paper_links(paper) | {"request": context["request"], "paper": paper, "user": user,
                                           "may_curate": user.has_perm("methods.change_paperlink")}


@register.simple_tag
def is_implemented(paper) -> bool:
    """Whether a method here runs the paper."""
    return selectors.is_implemented(paper)


@register.filter
def docstring(text: str) -> str:
    """Plain docstring text as paragraphs, indented blocks as formulas, dashes as a list."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        if block.startswith("    "):
            lines = "\n".join(typeset(line) for line in _outdent(block).split("\n"))
            blocks.append(f'<div class="formula" role="math">{lines}</div>')
        elif re.match(r"[-*] ", block):
            items = re.split(r"\n?[-*] ", block)[1:]
            blocks.append("<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + "</ul>")
        else:
            blocks.append(f"<p>{_inline(block)}</p>")
    return mark_safe("\n".join(blocks))  # every part is escaped above


@register.filter
def without_first_line(text: str) -> str:
    """A docstring without its first paragraph, which pages show as their opening line."""
    return text.partition("\n\n")[2]


def _inline(text: str) -> str:
    """One line of escaped text, `names` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(" ".join(text.split())).replace("&#x60;", "`"))


def _outdent(block: str) -> str:
    lines = block.split("\n")
    margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[margin:] for line in lines)
