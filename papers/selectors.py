"""Papers and digests as pages, feeds and programs read them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce

from papers.digests.titles import title_key
from papers.extensions import Asker, MethodLink, extensions
from papers.keeping import kept, peek, stamp_of
from papers.models import Appearance, Cluster, Digest, Merge, OtherTitle, Paper, Rejection, Revision, SearchText
from papers.paging import after as rows_after
from papers.parameters import id_from
from papers.search.fields import Field, shows_hidden
from papers.search.identifiers import identifiers_in, is_code
from papers.search.lexical import texts_having
from papers.search.names import by_identifier
from papers.search.parsing import parse_query
from papers.search.query import Filters

SORTS: dict[str, list[str | OrderBy]] = {
    "newest": ["-created_at", "-pk"], "title": ["title_key", "pk"],
    "year": [F("year").desc(nulls_last=True), "-pk"], "oldest": ["created_at", "pk"]}


def paper_list(*, q: str = "", digest: int | None = None, cluster: int | None = None, year: int | None = None,
               since: datetime | None = None, after: int | None = None, sort: str = "newest", in_order: bool = False,
               asker: Asker = None, **further: str) -> QuerySet[Paper]:
    """Papers that have every word of `q` or one that begins so, narrowed by the rest; unknown values match nothing.

    `since` is when it was first imported; `after` keeps what follows this paper in the order; `further` are values of
    registered filters (`extensions.filters`), such as `link` and `verdict`; an empty one does not narrow. What the
    account that asks has hidden is left out, unless asked for.

    `in_order` asks the same so that the database goes through all papers in order until it has enough of them: for a
    page of very many, where it would else sort them all.
    """
    papers = Paper.objects.all()
    if q.strip():
        texts = texts_having(q, asker)
        papers = papers.filter(Exists(texts.filter(paper=OuterRef("pk"))) if in_order else
                               Q(pk__in=texts.exclude(paper=None).values("paper")))
    if digest is not None:
        listed = Appearance.objects.filter(digest=digest)
        papers = papers.filter(Exists(listed.filter(paper=OuterRef("pk"))) if in_order else
                               Q(pk__in=listed.values("paper")))
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
    if after is not None:
        last = Paper.objects.filter(pk=after).first()
        papers = rows_after(papers, SORTS[sort], last) if last else papers.none()
    return papers.order_by(*SORTS[sort])


def texts_of(*, q: str = "", sort: str = "", **narrowing: object) -> QuerySet[SearchText] | None:
    """The texts of the papers that a list has, one each, where words alone narrow it."""
    return None if narrowing or not q.strip() else texts_having(q).exclude(paper=None)


def paper_count() -> int:
    """Of all papers: counted when papers have come or gone, which always changes the searched texts."""
    return kept("paper-count", str(Revision.of(Revision.VECTORS)), Paper.objects.count)


def known_as(text: str) -> QuerySet[Paper]:
    """The papers that a number, an arXiv id, DOI or address, or a whole title names."""
    if number := id_from(text):
        return Paper.objects.filter(pk=number)
    if named := identifiers_in(text):
        return Paper.objects.filter(by_identifier(named))
    key = title_key(text)
    return Paper.objects.filter(Q(title_key=key) | Q(pk__in=OtherTitle.objects.filter(title_key=key).values("paper")))


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
    stamp = stamp_of(Revision.of(Revision.VECTORS), Paper.objects.aggregate(Max("updated_at")))
    return FilterChoices(
        digests=list(Digest.objects.values_list("pk", "name")[:200]),
        clusters=list(Cluster.objects.filter(Exists(Paper.objects.filter(cluster=OuterRef("pk"))))
                      .values_list("pk", "label")),
        years=kept("paper-years", stamp, lambda: [year for year in Paper.objects.exclude(year=None).order_by("-year")
                                                  .values_list("year", flat=True).distinct() if year]))


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


OUTCOMES = {"new": "new papers", "merged": "merged into known papers", "known": "known already"}
TITLES_SHOWN = 40  # of each outcome


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import made of some of its entries: how many, and the first of them in the digest's order."""

    title: str
    count: int
    entries: list[Appearance]


def digest_outcomes(digest: Digest) -> list[Outcome]:
    """New, merged and known, as the preview showed them; none of a digest imported before that was kept."""
    counts = dict(digest.appearances.order_by().values_list("outcome").annotate(Count("pk")))
    return [Outcome(title, counts[name], list(digest_entries(digest).filter(outcome=name)[:TITLES_SHOWN]))
            for name, title in OUTCOMES.items() if counts.get(name)] if counts.keys() - {""} else []


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
    """Counted from the rows, and kept once nothing is left to do until texts or vectors change."""
    name, stamp = f"digest-progress-{digest.pk}", stamp_of(digest.state, Revision.of(Revision.VECTORS))
    done: DigestProgress | None = peek(name, stamp)
    if done is None:
        done = _progress_of(digest)
        if done.complete and digest.state == Digest.COMPLETE:
            kept(name, stamp, lambda: done)
    return done


def _progress_of(digest: Digest) -> DigestProgress:
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
