"""Which of the papers here cite one another, by the references that looking them up brought."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from papers.models import Paper
from papers.sources.models import Reference


def cites(paper: Paper) -> QuerySet[Paper]:
    """The papers here that the paper cites."""
    keys = list(paper.references.values_list("key", flat=True))
    by = {kind: [key.partition(":")[2] for key in keys if key.startswith(f"{kind}:")] for kind in (
        "arxiv", "doi", "title")}
    return Paper.objects.filter(Q(arxiv_id__in=by["arxiv"]) | Q(doi__in=by["doi"]) | Q(title_key__in=by["title"])
                                ).exclude(pk=paper.pk).order_by("title_key")


def cited_by(paper: Paper) -> QuerySet[Paper]:
    """The papers here that cite it."""
    keys = [f"title:{paper.title_key}"[:420]]
    keys += [f"arxiv:{paper.arxiv_id}"] if paper.arxiv_id else []
    keys += [f"doi:{paper.doi.lower()}"] if paper.doi else []
    return Paper.objects.filter(pk__in=Reference.objects.filter(key__in=keys).values("paper")).exclude(
        pk=paper.pk).order_by("title_key")
