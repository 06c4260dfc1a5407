"""Verdict badges: a small picture that says what became of the claims of a paper or a method."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from evaluations.claims.verdicts import ClaimStanding, claim_list
from evaluations.models import Verdict
from evaluations.tables.summaries import IN_MINIATURE
from methods.models import Method, PaperLink
from papers.models import Paper
from papers.parameters import id_from

LABEL = "claims measured"
LETTER, PAD = 6.4, 8  # viewBox units
INK = "#33393a"
COLOURS = {Verdict.CONFIRMED: "#1c6b3c", Verdict.REFUTED: "#a32626", Verdict.INCONCLUSIVE: "#8a5a00", "": "#5b6769"}


@dataclass(frozen=True)
class Part:
    """A piece of the picture in its own colour, drawn from `left` as wide as `LETTER` says."""

    words: str
    colour: str
    left: float

    @property
    def width(self) -> float:
        return round(len(self.words) * LETTER + 2 * PAD, 1)

    @property
    def text(self) -> float:
        return self.width - 2 * PAD

    @property
    def text_left(self) -> float:
        return self.left + PAD


@dataclass(frozen=True)
class Badge:
    """`subject` names the paper or method in the picture's title; `said` are words, each with what they speak of."""

    subject: str
    said: tuple[tuple[str, str], ...]  # "2 confirmed", "confirmed"
    claims: int
    label: str = LABEL

    @property
    def words(self) -> str:
        return " · ".join(words for words, _ in self.said)

    @property
    def parts(self) -> list[Part]:
        """The label, then one piece for each verdict, coloured by what it says."""
        parts = [Part(self.label, INK, 0.0)]
        for words, status in self.said:
            parts.append(Part(words, COLOURS[status], parts[-1].left + parts[-1].width))
        return parts

    @property
    def width(self) -> float:
        return self.parts[-1].left + self.parts[-1].width

    @property
    def title(self) -> str:
        return f"{self.subject}: {self.words}, {IN_MINIATURE}"


def find(*, key: str = "", arena: str = "", slug: str = "") -> Badge | None:
    """The badge of a paper (`key` is its arXiv id, DOI or number here) or of a method; None when there is none."""
    if key:
        paper = find_paper(key)
        if paper is None:
            return None
        links = paper.links.filter(kind=PaperLink.IMPLEMENTS).exclude(state=PaperLink.REJECTED)
        return badge(paper.title, claim_list(methods=list(links.values_list("method", flat=True))))
    method = Method.objects.filter(arena=arena, slug=slug).only("title").first()
    return badge(method.title, claim_list(methods=[method])) if method else None


def find_paper(key: str) -> Paper | None:
    """A paper by arXiv id or DOI, which every installation shares, or by its number here."""
    named = Paper.objects.filter(Q(arxiv_id=key) | Q(doi=key)).first()
    return named or Paper.objects.filter(pk=id_from(key) or 0).first()


def paper_key(paper: Paper) -> str:
    """How a paper's badge is addressed."""
    return paper.arxiv_id if paper.arxiv_id and "/" not in paper.arxiv_id else str(paper.pk)


def badge(subject: str, standings: Sequence[ClaimStanding]) -> Badge:
    """Counts of verdicts by the present code."""
    counts = Counter(s.status for s in standings if s.current)
    said = tuple((f"{counts[status]} {status}", status) for status in Verdict.STATUSES if counts[status])
    return Badge(subject, said or (("none yet" if standings else "none here", ""),), len(standings))


def etag(found: Badge) -> str:
    return f'"{hashlib.sha256(found.title.encode()).hexdigest()[:20]}"'
