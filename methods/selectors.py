"""What the method pages and the API show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.db.models import Case, Count, Exists, Max, OuterRef, Q, QuerySet, Sum, Value, When

from methods.extensions import extensions
from methods.kit.engine import own_data
from methods.models import Arena, BrokenFile, Method, PaperLink
from papers.extensions import Condition, MethodCount, MethodLink, Papers
from papers.keeping import kept, stamp_of
from papers.models import Paper, Revision
from papers.selectors import paper_count

FIDELITIES = ("faithful", "core", "proxy")
FOLDER = "methods/"  # where the files of the library lie
NEAREST = 3  # methods that a paper's page names where none implements it
MOST_NAMED = 1000  # papers without a link that are named in a query, instead of looking for those among all
BASELINE = "baseline"  # what pages call the methods without one


def own_data_of(arena: Arena) -> list[str]:
    """What stands in for sets that an arena reads, at the scale gpu, or why that cannot be told."""
    named = {source["name"] for source in arena.sources}
    try:
        return [f"in place of {own.source}: {own}" for own in own_data.taken() if own.source in named]
    except own_data.DataUnavailable as error:
        return [str(error)]


def method_list(*, q: str = "", arena: str = "", fidelity: str = "", measured: str = "") -> QuerySet[Method]:
    """Present methods, filtered, with finished runs as `done` and whether their file or their arena's `is_broken`;
    `fidelity` may be "baseline", `measured` yes or no."""
    methods = Method.objects.filter(present=True).select_related("arena").order_by("arena__title", "title", "slug")
    for word in q.split():
        methods = methods.filter(Q(title__icontains=word) | Q(summary__icontains=word) | Q(slug__icontains=word))
    if arena:
        methods = methods.filter(arena_id=arena)
    if fidelity:
        methods = methods.filter(fidelity="" if fidelity == BASELINE else fidelity)
    methods = methods.annotate(done=extensions.runs_done(), is_broken=Exists(BrokenFile.objects.filter(
        Q(method="") | Q(method=OuterRef("slug")), path__startswith=FOLDER, arena=OuterRef("arena_id"))))
    if measured:
        methods = methods.filter(done__gt=0) if measured == "yes" else methods.filter(done=0)
    return methods.only("slug", "title", "summary", "fidelity", "year", "arena__title")


def broken_files(**of: str) -> list[BrokenFile]:
    """The broken files of the library, an arena's before those of its methods; `of` may name arena and method."""
    return list(BrokenFile.objects.filter(path__startswith=FOLDER, **of))


def broken_for(arena: str, method: str) -> BrokenFile | None:
    """The broken file for which this method cannot be run: the arena's or its own."""
    return BrokenFile.objects.filter(path__startswith=FOLDER, arena=arena, method__in=("", method)).first()


def refusals(arenas: Iterable[str]) -> dict[tuple[str, str], str]:
    """Why runs are refused, by arena and method ("": the arena and so all of them). A file that is another by now than
    the one found broken is let run: the run will tell."""
    files = BrokenFile.objects.filter(path__startswith=FOLDER, arena__in=set(arenas))
    return {(file.arena, file.method): str(file) for file in files if not file.changed}


def links_of(paper: Paper) -> QuerySet[PaperLink]:
    """The paper's links, rejected ones last so that a curator can take them back."""
    rejected_last = Case(When(state=PaperLink.REJECTED, then=Value(1)), default=Value(0))
    return (PaperLink.objects.filter(paper=paper).select_related("method__arena", "curated_by")
            .defer("method__source_code", "method__explanation", "method__arena__source_code",
                   "method__arena__explanation")
            .order_by(rejected_last, "kind", "-score", "method__title"))


def paper_links(paper: Paper) -> dict[str, list[PaperLink]]:
    """What a paper's page shows: all its `links`, those `implementing` it, and the three `nearest` beside these."""
    links = list(links_of(paper))
    shown = [link for link in links if link.state != PaperLink.REJECTED]
    related = [link for link in shown if link.kind == PaperLink.RELATED]
    return {"links": links, "implementing": [link for link in shown if link.kind == PaperLink.IMPLEMENTS],
            "nearest": sorted(related, key=lambda link: -(link.score or 0.0))[:NEAREST]}


def is_implemented(paper: Paper) -> bool:
    """Whether a method here runs the paper."""
    return PaperLink.objects.shown().implementing().filter(paper=paper).exists()


def best_link_is(kind: str) -> Condition:
    """Papers whose best link is of this kind; "none": with no link at all."""
    implemented = Q(pk__in=PaperLink.objects.shown().implementing().order_by().values("paper"))  # few: cards name them
    if kind == PaperLink.IMPLEMENTS:
        return implemented
    linked = Exists(PaperLink.objects.shown().filter(paper=OuterRef("pk")))
    if kind == PaperLink.RELATED:
        return ~implemented & Q(linked)
    few = kept("unlinked-papers", links_stamp(), lambda: list(
        Paper.objects.filter(~linked).order_by().values_list("pk", flat=True)[:MOST_NAMED + 1]))
    return Q(pk__in=few) if len(few) <= MOST_NAMED else ~linked


def method_links(papers: Papers) -> Iterator[MethodLink]:
    """The links that lists show of these papers, a paper's best kind first."""
    rows = PaperLink.objects.shown().filter(paper__in=papers).order_by("kind").values_list(
        "paper", "kind", "state", "method__arena", "method__arena__title", "method__slug", "method__title")
    return (MethodLink(*row) for row in rows)


def link_kinds(papers: Papers) -> dict[int, list[str]]:
    """The kinds of the links that lists show of these papers, by the paper's primary key."""
    kinds: dict[int, list[str]] = {}
    for paper, kind in PaperLink.objects.shown().filter(paper__in=papers).order_by().values_list(
            "paper", "kind").distinct():
        kinds.setdefault(paper, []).append(kind)
    return kinds


def method_counts(papers: Papers) -> list[MethodCount]:
    """The methods that these papers' shown links lead to; counted by the database."""
    counts = PaperLink.objects.shown().filter(paper__in=papers).order_by().values_list("method").annotate(
        implements=Count("pk", filter=Q(kind=PaperLink.IMPLEMENTS)), number=Count("pk"))
    found = {method: (implements, number) for method, implements, number in counts}
    methods = Method.objects.filter(pk__in=found).order_by().values_list(
        "pk", "arena", "arena__title", "slug", "title")
    return [MethodCount(arena, arena_title, slug, title, found[pk][0], found[pk][1] - found[pk][0])
            for pk, arena, arena_title, slug, title in methods]


def arena_titles() -> dict[str, str]:
    """The present arenas' titles by their slug."""
    return dict(Arena.objects.filter(present=True).values_list("slug", "title"))


def linked_to_arena(arena: str) -> Condition:
    """Papers with a link, of whatever kind, to a method of this arena."""
    return Exists(PaperLink.objects.shown().filter(paper=OuterRef("pk"), method__arena=arena))


def link_facets(papers: Sequence[int]) -> dict[str, dict[str, int]]:
    """How many of these papers have each best link, and a link to each arena; counted by the database."""
    links = PaperLink.objects.shown().filter(paper__in=papers).order_by()
    counts = links.aggregate(any=Count("paper", distinct=True), implements=Count(
        "paper", distinct=True, filter=Q(kind=PaperLink.IMPLEMENTS)))
    arenas = dict(links.values_list("method__arena").annotate(papers=Count("paper", distinct=True)))
    return {"arena": arenas, "link": {PaperLink.IMPLEMENTS: counts["implements"],
                                      PaperLink.RELATED: counts["any"] - counts["implements"],
                                      "none": len(papers) - counts["any"]}}


def curator_has_spoken() -> Condition:
    """Papers with a link that a curator made or decided about."""
    return Exists(PaperLink.objects.curated().filter(paper=OuterRef("pk")))


def papers_of(method: Method) -> QuerySet[PaperLink]:
    """The papers that pages and the API show for the method, those it implements first."""
    return (PaperLink.objects.shown().filter(method=method).select_related("paper").defer("paper__abstract")
            .order_by("kind", "-score", "paper__title"))


def papers_implemented(arena: Arena, methods: Sequence[str]) -> list[int]:
    """The primary keys of the papers that the methods, given by slug, implement, in the methods' order."""
    links = PaperLink.objects.shown().filter(method__arena=arena, method__slug__in=methods,
                                             kind=PaperLink.IMPLEMENTS).values_list("method__slug", "paper")
    place = {slug: number for number, slug in enumerate(methods)}
    return [paper for _, paper in sorted(links, key=lambda link: (place[link[0]], link[1]))]


def related_papers(method: Method, count: int) -> list[PaperLink]:
    """The papers nearest to the method in meaning that it does not implement."""
    return list(papers_of(method).filter(kind=PaperLink.RELATED)[:count])


def links_stamp() -> str:
    """Changes with every link, and with the papers there are."""
    return stamp_of(*map(Revision.of, (Revision.LINKED, Revision.LINKS, Revision.VECTORS)))


def coverage() -> dict:
    """How many papers are linked, by what kind and fidelity, measured, and with which verdicts.

    `verdict` counts papers with at least one such verdict, so a paper can count twice. Counted when links or papers
    have changed, or which methods are measured and judged.
    """
    measured = sorted(extensions.measured().distinct())
    judged = {status: sorted(methods.distinct()) for status, methods in extensions.judged().items()}
    fidelities = list(Method.objects.order_by("pk").values_list("pk", "fidelity"))
    stamp = stamp_of(links_stamp(), measured, judged, fidelities)
    return kept("coverage", stamp, lambda: _coverage(measured, judged))


def _coverage(measured: Sequence[int], judged: Mapping[str, Sequence[int]]) -> dict:
    """One pass over the links to implementing methods, of which there are few; of all others only numbers are asked."""
    links = PaperLink.objects.shown().order_by()
    groups: dict[str, dict[str, Q]] = {
        "links": {"implements": Q()},
        "fidelity": {fidelity: Q(method__fidelity=fidelity) for fidelity in FIDELITIES},
        "measured": {"implements": Q(method__in=measured)},
        "verdict": {status: Q(method__in=methods) for status, methods in judged.items()},
    }
    flags = {f"{group}_{name}": _any_link(condition) for group, conditions in groups.items()
             for name, condition in conditions.items()}
    papers = links.implementing().values("paper").annotate(**flags).aggregate(
        **{f"papers_{name}": Sum(name) for name in flags})
    counts = {group: {name: papers[f"papers_{group}_{name}"] or 0 for name in conditions}
              for group, conditions in groups.items()}
    counts["measured"]["any"] = links.filter(method__in=measured).values("paper").distinct().count()
    linked, total, implemented = links.values("paper").distinct().count(), paper_count(), counts["links"]["implements"]
    return {"papers": total, **counts,
            "links": {"implements": implemented, "related": linked - implemented, "none": total - linked}}


def _any_link(condition: Q) -> Max:
    """1 for a paper of which any link fulfils the condition, else 0."""
    return Max(Case(When(condition, then=1), default=0) if condition else Value(1))
