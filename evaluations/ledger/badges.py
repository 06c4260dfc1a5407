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
COLOURS = {Verdict.CONFIRMED: "#1c6b3c", Verdict.REFUTED: "#a32626", Verdict.INCONCLUSIVE: "#8a5a00", "": "#5b6769"}


@dataclass(frozen=True)
class Badge:
    """`subject` names the paper or method in the picture's title; the words are drawn as wide as `LETTER` says."""

    subject: str
    words: str
    colour: str
    claims: int
    label: str = LABEL

    @property
    def label_width(self) -> float:
        return _width(self.label)

    @property
    def words_width(self) -> float:
        return _width(self.words)

    @property
    def width(self) -> float:
        return self.label_width + self.words_width

    @property
    def label_text(self) -> float:
        return self.label_width - 2 * PAD

    @property
    def words_text(self) -> float:
        return self.words_width - 2 * PAD

    @property
    def words_x(self) -> float:
        return self.label_width + PAD

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
    """Counts of verdicts by the present code; one colour where one verdict speaks alone."""
    counts = Counter(s.status for s in standings if s.current)
    parts = [f"{counts[status]} {status}" for status in Verdict.STATUSES
             if counts[status]]
    decided = [status for status in (Verdict.CONFIRMED, Verdict.REFUTED) if counts[status]]
    colour = decided[0] if len(decided) == 1 else Verdict.INCONCLUSIVE if parts else ""
    words = " · ".join(parts) or ("none yet" if standings else "none here")
    return Badge(subject, words, COLOURS[colour], len(standings))


def etag(found: Badge) -> str:
    return f'"{hashlib.sha256(found.title.encode()).hexdigest()[:20]}"'


def _width(text: str) -> float:
    return round(len(text) * LETTER + 2 * PAD, 1)
