"""What an address chooses to compare: methods, papers that stand for the methods implementing them, and runs.

`method=<arena>/<slug>` (or `<arena>/<slug>;name=value`, with hyperparameters of one's own), `paper=ID` and `run=ID`
may each be given several times; the first contestant is the baseline of the comparison. A run stands for its method
with its hyperparameters, and for its setting where none is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.http import urlencode

from evaluations.models import Run
from evaluations.runs.contestants import BETWEEN, Contestant, read_contestant, slug_of
from methods.models import Method, PaperLink
from papers.models import Paper
from papers.parameters import MOST_LETTERS, id_from

MOST = 12  # contestants side by side; more is a table's work
MOST_NAMED = 100  # of an address; beyond it nothing is looked up
KINDS = ("method", "paper", "run")


@dataclass(frozen=True, eq=False)
class Chosen(Contestant):
    """A contestant with its part of the address."""

    part: tuple[str, str]


@dataclass(frozen=True)
class Choice:
    """What is compared, in order; `notes` say what of the address was left out."""

    contestants: tuple[Chosen, ...] = ()
    setting: str = ""
    notes: tuple[str, ...] = ()

    def query(self, *, first: Chosen | None = None, without: Chosen | None = None) -> str:
        """The comparison's address, with another baseline or with one contestant fewer."""
        parts = [each.part for each in self.contestants if each is not without]
        if first is not None:
            parts = [first.part, *(part for part in parts if part != first.part)]
        return urlencode([*parts, *([("setting", self.setting)] if self.setting else [])])


def asks(query: QueryDict) -> bool:
    """Whether an address chooses anything."""
    return any(query.getlist(kind) for kind in KINDS)


def read_choice(query: QueryDict) -> Choice:
    """What the address chooses; a fixed number of queries. What there is not is said, never an error."""
    named = [(kind, value.strip()[:MOST_LETTERS]) for kind, values in query.lists() if kind in KINDS
             for value in values if value.strip()][:MOST_NAMED]
    methods = _methods([value for kind, value in named if kind == "method"])
    papers = _papers([value for kind, value in named if kind == "paper"])
    runs = _runs([value for kind, value in named if kind == "run"])
    found: dict[tuple[int, str], Chosen] = {}
    notes = []
    for kind, value in named:
        of: Sequence[Chosen]
        if kind == "method":
            of, missing = _of_method(methods, value)
        elif kind == "paper":
            title, implementing = papers.get(value, ("", []))
            of = [Chosen(method, {}, ("method", method.key)) for method in implementing]
            missing = f"No method here implements “{title}”." if title else f"There is no paper {value}."
        else:
            of = [_of_run(runs[value])] if value in runs else []
            missing = f"There is no run {value}."
        if not of:
            notes.append(missing)
        for each in of:
            found.setdefault((each.method.pk, each.params_key), each)
    contestants = list(found.values())
    if left := contestants[MOST:]:
        notes.append(f"{len(contestants)} are chosen, and {MOST} are the most that stand side by side: the first "
                     f"{MOST} are compared. Left out: {', '.join(each.name for each in left)}.")
    setting = query.get("setting", "").strip()[:MOST_LETTERS]
    if not setting and named and named[0][0] == "run" and named[0][1] in runs:
        setting = runs[named[0][1]].setting
    return Choice(tuple(contestants[:MOST]), setting, tuple(dict.fromkeys(notes)))


def _of_method(methods: Mapping[str, Method], value: str) -> tuple[list[Chosen], str]:
    """What a method's part of the address chooses, and why it is nothing."""
    method = methods.get(slug_of(value))
    if method is None:
        return [], f"There is no method {value}."
    if BETWEEN not in value:
        return [Chosen(method, {}, ("method", value))], ""
    try:
        return [Chosen(method, read_contestant(method, value).params, ("method", value))], ""
    except ValueError as error:
        return [], f"{error}."


def _methods(keys: Sequence[str]) -> dict[str, Method]:
    keys = [slug_of(key) for key in keys]
    slugs = {key.partition("/")[2] for key in keys}
    found = Method.objects.select_related("arena").filter(slug__in=slugs).defer(
        "explanation", "arena__source_code", "arena__explanation") if slugs else []
    return {method.key: method for method in found if method.key in keys}


def _papers(numbers: Sequence[str]) -> dict[str, tuple[str, list[Method]]]:
    wanted = {number: pk for number in numbers if (pk := id_from(number))}
    if not wanted:
        return {}
    titles = dict(Paper.objects.filter(pk__in=wanted.values()).values_list("pk", "title"))
    of: dict[int, list[Method]] = {pk: [] for pk in titles}
    links = PaperLink.objects.shown().implementing().filter(paper__in=titles, method__present=True)
    for link in links.select_related("method__arena").defer(
            "method__explanation", "method__arena__source_code",
            "method__arena__explanation").order_by("method__title"):
        of[link.paper_id].append(link.method)
    return {number: (titles[pk], of[pk]) for number, pk in wanted.items() if pk in titles}


def _runs(numbers: Sequence[str]) -> dict[str, Run]:
    wanted = {number: pk for number in numbers if (pk := id_from(number))}
    found = Run.objects.select_related("method__arena").only(
        "params", "params_key", "setting", "method__slug", "method__title", "method__arena__title",
        "method__params", "method__source_code", "method__code_digest", "method__digests", "method__read_from",
        "method__year",
        "method__fidelity", "method__arena__metrics", "method__arena__settings", "method__arena__scales",
        "method__arena__baseline").in_bulk(wanted.values()) if wanted else {}
    return {number: found[pk] for number, pk in wanted.items() if pk in found}


def _of_run(run: Run) -> Chosen:
    part = ("run", str(run.pk)) if run.params else ("method", run.method.key)
    return Chosen(run.method, run.params, part)
