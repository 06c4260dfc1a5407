"""From what a person wrote (a form, a command line, a JSON body) to the arguments of `services.request_runs`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evaluations.models import Claim
from methods.kit.params import params_from
from methods.models import Arena, Method, PaperLink
from papers.parameters import MOST_SEED, id_from

MOST_SEEDS = 1000
RELATED_PER_PAPER = 3
PARAM = "param-"  # before the name of a hyperparameter's field
ALL, CLAIMS = "all", "claims"  # settings that stand for several

Question = tuple[Method, str]  # a method in a setting


@dataclass(frozen=True)
class Target:
    """What is to be run: its methods, a name for people, and whether it is one method with hyperparameters.

    `questions` are exactly the methods and settings to run, where the target itself says so.
    """

    name: str
    methods: list[Method]
    tunable: Method | None = None
    questions: list[tuple[Method, str]] | None = None


def parse_seeds(text: str | int) -> list[int]:
    """Seeds from "5" (0 to 4), "3-7", "0,2,9" or a mix of the last two. Raises ValueError saying what is allowed."""
    text = str(text).strip()
    try:
        if text.isdecimal():
            seeds = set(_span(0, int(text) - 1))
        else:
            seeds = set()
            for part in text.split(","):
                first, dash, last = part.partition("-")
                seeds |= set(_span(int(first), int(last if dash else first)))
    except ValueError:
        seeds = set()
    if not seeds or len(seeds) > MOST_SEEDS or max(seeds) > MOST_SEED:
        raise ValueError(f"seeds must be how many (5), a range (3-7) or a list (0,2,9), at most {MOST_SEEDS} and "
                         f"none above {MOST_SEED}, not {text[:100]!r}")
    return sorted(seeds)


def _span(first: int, last: int) -> range:
    """Both ends included. Cut off beyond what is allowed, so that a huge number costs nothing."""
    if first < 0 or last < first or first > MOST_SEED:
        raise ValueError
    return range(first, min(last, first + MOST_SEEDS) + 1)


def parse_params(method: Method, texts: Mapping[str, str]) -> dict[str, Any]:
    """Hyperparameters from texts by name; an empty text is the default. Raises ValueError naming the parameter."""
    declared = params_from(method.params)
    unknown = sorted(set(texts) - set(declared))
    if unknown:
        raise ValueError(f"{method.key} has no hyperparameter {', '.join(unknown)}; "
                         f"it has {', '.join(declared) or 'none'}")
    return {name: declared[name].from_text(text) for name, text in texts.items() if text.strip()}


@dataclass(frozen=True)
class Form:
    """A request as a form sends it, read."""

    target: Target
    setting: str
    scale: str
    seeds: list[int]
    queue: str
    params: dict[str, Any]


def read_form(fields: Mapping[str, str]) -> Form:
    """What a form asks for, its hyperparameters named `param-…`. Raises ValueError or LookupError saying what is
    wrong."""
    target = find_target(fields.get("target", ""))
    texts = {name.removeprefix(PARAM): value for name, value in fields.items() if name.startswith(PARAM)}
    return Form(target, fields.get("setting") or "default", fields.get("scale") or "full",
                parse_seeds(fields.get("seeds") or "10"), fields.get("queue") or "cpu",
                parse_params(target.tunable, texts) if target.tunable else {})


def find_target(text: str) -> Target:
    """The target named "method:<arena>/<slug>", "arena:<slug>", "paper:<pk>" or "claim:<pk>".

    A claim stands for exactly the methods and settings it compares. A paper stands for the methods that implement it
    (else the nearest related ones), the rivals its claims name and the baseline of their arenas. Raises
    LookupError when there is no such thing.
    """
    kind, _, key = text.partition(":")
    methods = Method.objects.select_related("arena")
    if kind == "method":
        arena_slug, _, slug = key.partition("/")
        method = methods.filter(arena=arena_slug, slug=slug).first()
        if method is None:
            raise LookupError(f"there is no method {key}")
        return Target(method.title, [method], method)
    if kind == "arena":
        arena = Arena.objects.filter(slug=key).first()
        if arena is None:
            raise LookupError(f"there is no arena {key}")
        return Target(arena.title, list(methods.filter(arena=arena, present=True)))
    number = id_from(key)
    if kind == "paper" and number:
        found = _paper_methods(number)
        if not found:
            raise LookupError("no method is linked to this paper yet")
        return Target("this paper's methods", with_rivals(found))
    if kind == "claim" and number:
        return _claim_target(number)
    raise LookupError(f"{text[:100]!r} names nothing that can be run; it must be method:ARENA/METHOD, arena:ARENA, "
                      "paper:NUMBER or claim:NUMBER")


def requested(methods: Iterable[Method], setting: str) -> list[Question]:
    """The method-setting pairs that a request's setting stands for, in a stable order and without repeats."""
    pairs: dict[tuple[int, str], tuple[Method, str]] = {}

    def add(method: Method, name: str) -> None:
        pairs.setdefault((method.pk, name), (method, name))

    methods = list(methods)
    if setting != CLAIMS:
        for method in methods:
            for name in [s["name"] for s in method.arena.settings] if setting == ALL else [setting]:
                add(method, name)
        return list(pairs.values())
    terms: dict[int, list[dict]] = defaultdict(list)
    for claim in Claim.objects.filter(method__in=methods):
        terms[claim.method_id] += claim.terms
    named = {term["method"] for of in terms.values() for term in of} | {
        slug for method in methods for slug in (method.slug, method.arena.baseline)}
    rivals = {(rival.arena_id, rival.slug): rival for rival in Method.objects.select_related("arena").filter(
        arena__in={method.arena_id for method in methods}, slug__in=named)}
    for method in methods:
        for slug in {method.arena.baseline, method.slug}:
            if (method.arena_id, slug) in rivals:
                add(rivals[method.arena_id, slug], method.arena.settings[0]["name"])
        for term in terms[method.pk]:
            rival = rivals.get((method.arena_id, term["method"] or method.slug))
            if rival:
                add(rival, term["setting"])
    return list(pairs.values())


def questions_of(claim: Claim, methods: Mapping[tuple[str, str], Method]) -> list[Question]:
    """The methods and settings that a claim compares; none when one of them is not here."""
    pairs = dict.fromkeys((term["method"] or claim.method.slug, term["setting"]) for term in claim.terms)
    compared = [(methods.get((claim.method.arena_id, slug)), setting) for slug, setting in pairs]
    return [(method, setting) for method, setting in compared if method] if all(m for m, _ in compared) else []


def _claim_target(pk: int) -> Target:
    claim = Claim.objects.select_related("method").filter(pk=pk).first()
    if claim is None:
        raise LookupError(f"there is no claim {pk}")
    arena = claim.method.arena_id
    named = {term["method"] or claim.method.slug for term in claim.terms}
    questions = questions_of(claim, {(arena, m.slug): m for m in Method.objects.select_related("arena").filter(
        arena=arena, slug__in=named, present=True)})
    if not questions:
        raise LookupError(f"claim {pk} compares a method that is not there any more")
    return Target("what this claim compares", [method for method, _ in questions], questions=questions)


def _paper_methods(paper: int) -> list[Method]:
    links = PaperLink.objects.filter(paper=paper, method__present=True).exclude(
        state=PaperLink.REJECTED).select_related("method__arena")
    implementing = [link.method for link in links.filter(kind=PaperLink.IMPLEMENTS)]
    return implementing or [link.method for link in links.order_by("-score")[:RELATED_PER_PAPER]]


def with_rivals(methods: Iterable[Method]) -> list[Method]:
    """The methods, the rivals their claims name and the baselines of their arenas; what is not there is left out."""
    methods = list(methods)
    wanted = {(method.arena_id, slug) for method in methods for slug in (method.slug, method.arena.baseline)}
    for claim in Claim.objects.filter(method__in=methods).select_related("method"):
        wanted |= {(claim.method.arena_id, term["method"]) for term in claim.terms if term["method"]}
    return [method for method in Method.objects.select_related("arena").filter(
        arena__in={arena for arena, _ in wanted}, slug__in={slug for _, slug in wanted}, present=True)
        if (method.arena_id, method.slug) in wanted]
