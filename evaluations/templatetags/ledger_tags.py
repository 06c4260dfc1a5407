"""Template tags of the claim ledger: buttons with their time, forest plots, badges."""

from __future__ import annotations

from django import template
from django.urls import reverse

from evaluations.arithmetic import rounding
from evaluations.claims import open_questions
from evaluations.claims.estimates import estimate_of
from evaluations.claims.verdicts import ClaimStanding
from evaluations.claims.wording import lead
from evaluations.ledger import badges
from evaluations.models import Claim, Verdict
from evaluations.tables.summaries import cost_in_words, look_in_words
from methods.models import Method

register = template.Library()


@register.inclusion_tag("evaluations/claims/_claim_run.html", takes_context=True)
def claim_run(context, standing: ClaimStanding):
    """A button that queues the runs an open claim lacks, with the time they take; `proposals` is in the context."""
    return _button(context, (context.get("proposals") or {}).get(standing.claim.pk))


@register.inclusion_tag("evaluations/claims/_claim_run.html", takes_context=True)
def claim_button(context, proposal: open_questions.Proposal):
    """The same button where the proposal is at hand."""
    return _button(context, proposal)


def _button(context, proposal: open_questions.Proposal | None) -> dict:
    request = context.get("request")
    return {"proposal": proposal,
            "may_run": bool(request and request.user.has_perm("evaluations.add_run")),
            "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("evaluations/claims/_request_estimate.html")
def request_estimate(methods, setting: str, filled=None, target: str = ""):
    """How many runs a Run form lacks as it stands, and how long they take; `filled` is what the page's address says."""
    if filled:
        return estimate_of({"setting": setting, **filled.dict(), "target": target})
    return {"estimate": open_questions.request_estimate(list(methods), setting)}


@register.inclusion_tag("evaluations/ledger/_badge_snippet.html", takes_context=True)
def verdict_picture(context, subject):
    """A badge of a paper's or method's verdicts with the Markdown that shows it elsewhere."""
    if isinstance(subject, Method):
        picture = reverse("badge_method", args=[subject.arena_id, subject.slug])
        page, found = reverse("method_detail", args=[subject.arena_id, subject.slug]), \
            badges.find(arena=subject.arena_id, slug=subject.slug)
    else:
        key = badges.paper_key(subject)
        picture, page, found = reverse("badge_paper", args=[key]), reverse("paper_detail", args=[subject.pk]), \
            badges.find(key=key)
    if found is None:
        raise ValueError(f"there is no badge of {subject}")
    request = context["request"]
    return {"badge": found, "picture": picture, "markdown": "[![{}]({})]({})".format(
        f"{found.label}: {found.words}", *map(request.build_absolute_uri, (picture, page)))}


@register.filter
def duration(seconds: float) -> str:
    """A time as people say it."""
    return open_questions.duration(seconds)


@register.filter
def amount(verdict: Verdict) -> str:
    """The measured difference, rounded by its interval."""
    return rounding.number(verdict.difference, _places(verdict), signed=True)


@register.filter
def ahead(standing: ClaimStanding) -> str:
    """How far the method is ahead, without the margin it claims, with its unit."""
    claim, verdict = standing.claim, standing.decided
    shown = unit(claim).replace("%", "points")
    return f"{rounding.number(lead(claim, verdict), _places(verdict), signed=True)} {shown}".strip()


@register.filter
def interval(verdict: Verdict) -> str:
    """The ends of the 95 % interval of the difference."""
    low, high = (rounding.number(end, _places(verdict), signed=True) for end in (verdict.low, verdict.high))
    return f"{low} to {high}"


def _places(verdict: Verdict) -> int:
    return rounding.decimals([verdict.difference], [(verdict.high - verdict.low) / 2])


@register.filter
def signed(value: float | None) -> str:
    """A number with its sign, four digits where it has so many; an en dash for nothing."""
    return "–" if value is None else f"{value:+,.4g}" if abs(value) < 10000 else f"{value:+,.0f}"


@register.filter
def fixed(value: float, places: int) -> str:
    return rounding.number(value, places)


@register.filter
def signed_fixed(value: float, places: int) -> str:
    return rounding.number(value, places, signed=True)


@register.filter
def p_value(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


@register.filter
def percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


@register.filter
def unit(claim: Claim) -> str:
    """The unit of the metric that a claim is about."""
    return next((m["unit"] for m in claim.method.arena.metrics if m["name"] == claim.metric), "")


@register.filter
def look(verdict: Verdict) -> str:
    """At which look of how many the verdict stands."""
    return look_in_words(verdict)


@register.filter
def metric_title(claim: Claim, name: str) -> str:
    """A metric of the claim's arena as people know it."""
    return next((m["title"] for m in claim.method.arena.metrics if m["name"] == name), name)


@register.filter
def cost_words(verdict: Verdict) -> str:
    """The cost half of a verdict in a line."""
    return cost_in_words(verdict)


@register.filter
def scaled(value: float | str | None, places: int = 3) -> str:
    """A number to so many significant digits; an en dash for nothing."""
    if value is None or isinstance(value, str):
        return value or "–"
    return f"{value:,.{places}g}" if abs(value) < 10 ** places else f"{value:,.0f}"
