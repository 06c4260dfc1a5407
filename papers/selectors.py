"""Papers and digests as pages, feeds and programs read them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce

from papers.extensions import Asker, MethodLink, extensions
from papers.models import Appearance, Cluster, Digest, Merge, Paper, Rejection, SearchText
from papers.search.fields import Field, shows_hidden
from papers.search.identifiers import is_code
from papers.search.lexical import texts_having
from papers.search.query import Filters, parse_query

SORTS: dict[str, list[str | OrderBy]] = {"newest": ["-created_at", "-pk"], "title": ["title_key"],
         "year": [F("year").desc(nulls_last=True), "-pk"], "oldest": ["created_at", "pk"]}


def paper_list(*, q: str = "", digest: int | None = None, cluster: int | None = None, year: int | None = None,
               since: datetime | None = None, sort: str = "newest", asker: Asker = None, **further: str,
               ) -> QuerySet[Paper]:
    """Papers that have every word of `q` or one that begins so, narrowed by the rest; unknown values match nothing.

    `since` is when it was first imported; `further` are values of registered filters (`extensions.filters`), such as
    `link` and `verdict`; an empty one does not narrow. What the account that asks has hidden is left out, unless asked
    for.
    """
    papers = Paper.objects.all()
    if q.strip():
        papers = papers.filter(search_text__in=texts_having(q, asker))
    if digest is not None:
        papers = papers.filter(pk__in=Appearance.objects.filter(digest=digest).values("paper"))
    if cluster is not None:
        papers = papers.filter(cluster=cluster)
    if year is not None:
        papers = papers.filter(year=year)
    if since is not None:
        papers = papers.filter(created_at__gte=since)
    for name, value in further.items():
        if value:
            papers = papers.filter(extensions.filters[name].of(value, asker))
    fields = parse_query(q, Filters(asker=asker)).filters.fields if q.strip() else ()
    if not shows_hidden((*fields, Field("is", (further.get("is", ""),)))):
        left_out = extensions.left_out(asker)
        papers = papers if left_out is None else papers.exclude(pk__in=left_out)
    return papers.order_by(*SORTS[sort])


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A paper in a list: its links to methods, the best kind first, its verdicts, and how many digests list it."""

    paper: Paper
    methods: tuple[MethodLink, ...]
    verdicts: tuple[tuple[str, int], ...]
    appearances: int

    @property
    def link(self) -> str:
        """The best kind of link; empty where there is none."""
        return self.methods[0].kind if self.methods else ""

    @property
    def code_url(self) -> str:
        """The first of the paper's addresses where code is kept; empty where there is none."""
        return next((url for url in self.paper.web_urls if is_code(url)), "")


def paper_rows(papers: Iterable[Paper]) -> list[PaperRow]:
    """What a list shows beside each paper, in three queries whatever the number of papers."""
    papers = list(papers)
    pks = [paper.pk for paper in papers]
    methods, verdicts = extensions.links_by_paper(pks), extensions.verdict_counts(pks)
    appearances = Counter(Appearance.objects.filter(paper__in=pks).values_list("paper", flat=True))
    return [PaperRow(paper, tuple(methods.get(paper.pk, ())), tuple(sorted(verdicts.get(paper.pk, {}).items())),
                     appearances[paper.pk]) for paper in papers]


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """What the papers page offers to filter by: (value, label) pairs."""

    digests: list[tuple[int, str]]
    clusters: list[tuple[int, str]]
    years: list[int]


def filter_choices() -> FilterChoices:
    """The newest digests, the clusters and the years there are."""
    return FilterChoices(
        digests=list(Digest.objects.values_list("pk", "name")[:200]),
        clusters=list(Cluster.objects.filter(Exists(Paper.objects.filter(cluster=OuterRef("pk"))))
                      .values_list("pk", "label")),
        years=[year for year in Paper.objects.exclude(year=None).order_by("-year")
               .values_list("year", flat=True).distinct() if year])


def appearances_of(paper: Paper) -> QuerySet[Appearance]:
    """Where the paper was listed, newest digest first."""
    return paper.appearances.select_related("digest").order_by("-digest__imported_at", "digest", "position")


def digest_list() -> QuerySet[Digest]:
    """Digests, newest first, with `entries` and `rejects` counted."""
    return Digest.objects.select_related("imported_by").annotate(
        entries=_count_of(Appearance.objects.all()), rejects=_count_of(Rejection.objects.all()))


def _count_of(rows: QuerySet) -> Coalesce:
    rows = rows.filter(digest=OuterRef("pk")).order_by()
    return Coalesce(Subquery(rows.values("digest").annotate(n=Count("pk")).values("n")), 0)


def digest_entries(digest: Digest) -> QuerySet[Appearance]:
    """The digest's papers in its order."""
    return digest.appearances.select_related("paper__cluster").order_by("position")


@dataclass(frozen=True, slots=True)
class DigestProgress:
    """How far the background work on a digest's papers is: entries stored, distinct papers, embedded, linked."""

    stored: int
    papers: int
    embedded: int
    linked: int

    @property
    def complete(self) -> bool:
        return self.embedded >= self.papers and self.linked >= self.papers


def digest_progress(digest: Digest) -> DigestProgress:
    """Counted from the rows."""
    papers = Paper.objects.filter(pk__in=digest.appearances.values("paper"))
    count = papers.count()
    return DigestProgress(
        stored=digest.appearances.count(),
        papers=count,
        embedded=count - SearchText.objects.filter(embedded_by="", paper__appearances__digest=digest).values(
            "paper").distinct().count(),
        linked=count - papers.filter(extensions.filters["link"].condition("none")).count())


def papers_only_in(digest: Digest) -> QuerySet[Paper]:
    """The papers no other digest lists and nothing else keeps: what goes when the digest is taken back.

    What a person made of two papers stays, as it could not be made again by importing.
    """
    merged = Merge.objects.filter(kept=OuterRef("pk"), undone_at=None, reason=Merge.BY_HAND)
    listed = Appearance.objects.filter(paper=OuterRef("pk"))
    return Paper.objects.filter(Exists(listed.filter(digest=digest)), ~Exists(listed.exclude(digest=digest)),
                                ~Exists(merged), *(~stays() for stays in extensions.reasons_to_stay))
