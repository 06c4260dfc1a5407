"""Template tag for the numbers that a paper's abstract reports."""

from django import template

from evaluations.reported.selectors import paper_block

register = template.Library()

BADGES = {"proposed": "badge-dim", "accepted": "badge-ok", "corrected": "badge-info", "rejected": "badge-bad"}


@register.inclusion_tag("evaluations/reported/_reported_claims.html", takes_context=True)
def reported_claims(context, paper):
    """What the paper says of its results, as proposals that people with the permission decide about."""
    request = context.get("request")
    return paper_block(paper) | {
        "csrf_token": context.get("csrf_token"),
        "may_decide": bool(request and request.user.has_perm("evaluations.change_claim"))}


@register.filter
def status_badge(status: str) -> str:
    """The badge class of a claim's status."""
    return BADGES[status]


@register.filter
def plain_number(value: float) -> str:
    """All digits that say something, thousands apart: 81.5, 2,700,000,000."""
    return f"{value:,.15g}"
