"""Template tags for results: on papers, on methods, and the badges of verdicts."""

from django import template

from evaluations.claims import wording
from evaluations.claims.open_questions import proposals
from evaluations.claims.verdicts import ClaimStanding
from evaluations.models import Claim, Verdict
from evaluations.reported.beside import reported_beside
from evaluations.tables.summaries import IN_MINIATURE, evidence_in_words, method_results, paper_results
from methods.models import Arena

register = template.Library()

BADGES = {Verdict.CONFIRMED: "badge-ok", Verdict.REFUTED: "badge-bad", Verdict.INCONCLUSIVE: "badge-warn"}


@register.inclusion_tag("evaluations/claims/_verdict_badge.html")
def verdict_badge(verdict):
    """A badge for a verdict, a claim's standing, or None when nothing was measured."""
    stale = isinstance(verdict, ClaimStanding) and verdict.stale
    if isinstance(verdict, ClaimStanding):
        verdict = verdict.verdict
    return {"verdict": verdict, "stale": stale, "badge": BADGES.get(verdict.status if verdict else "", "badge-dim"),
            "scope": IN_MINIATURE}


@register.inclusion_tag("evaluations/claims/_verdict_row.html", takes_context=True)
def verdict_row(context, standing):
    """A claim in one line: what is claimed, what was measured, and a button for the seeds that would decide it."""
    return {"standing": standing, "claim": standing.claim, "verdict": standing.verdict,
            "proposals": context.get("proposals") or {}, "request": context.get("request"),
            "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("evaluations/tables/_paper_results.html", takes_context=True, name="paper_results")
def show_paper_results(context, paper):
    """What was measured of the methods linked to a paper."""
    results = paper_results(paper)
    return {"request": context.get("request"), "csrf_token": context.get("csrf_token"),
            "results": results, "scope": IN_MINIATURE,
            "proposals": proposals([claim for result in results for claim in result.claims])}


@register.inclusion_tag("evaluations/tables/_method_results.html", takes_context=True, name="method_results")
def show_method_results(context, method):
    """Where a method wins and loses, and how its claims stand."""
    cells, claims = method_results(method)
    return {"request": context.get("request"), "csrf_token": context.get("csrf_token"), "method": method,
            "cells": cells, "claims": claims, "reported": reported_beside([method]).get(method.pk, ()),
            "scope": IN_MINIATURE, "proposals": proposals(claims)}


@register.filter
def sentence(standing: ClaimStanding) -> str:
    """A claim and what became of it."""
    return wording.sentence(standing)


@register.filter
def statement(claim: Claim) -> str:
    """What is claimed, and of which method."""
    return wording.statement(claim)


@register.filter
def setting_title(arena: Arena, name: str) -> str:
    """A setting as people know it."""
    return next((setting["title"] for setting in arena.settings if setting["name"] == name), name)


@register.filter
def standing(row, key):
    """A table row's place among its rivals in one column, or None."""
    return row.cells[key].standing if key in row.cells else None


@register.filter
def first_cell(row, key):
    """A table row's cell in one column, or None."""
    return row.cells.get(key)


@register.filter
def heading_in(key, head):
    """The heading of a column, for a phone, where every number carries its own."""
    return next((heading for heading, *_, each in head if each == key), "")


@register.filter
def evidence(standing: ClaimStanding) -> str:
    """The numbers behind a verdict, in a line."""
    return evidence_in_words(standing)
