"""Links from papers to methods: by what a card names, by meaning, and by a curator's word, which is final."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.utils import timezone

from methods.models import Method, PaperLink
from papers.digests.titles import title_key
from papers.models import Paper, SearchText
from papers.search.encoder import EncoderUnavailable, prepared
from papers.search.terms import Rarity, terms
from papers.search.vectors import kind_vectors
from papers.selectors import papers_by_title_key

RELATED_PER_PAPER = 3


@dataclass(frozen=True)
class LinkReport:
    """What a round of linking found; `waiting` papers have no vector yet."""

    implements: int
    related: int
    waiting: int

    def __str__(self):
        waiting = f"; {self.waiting} papers wait for their vectors" if self.waiting else ""
        return f"{self.implements} links to implementations, {self.related} to related methods{waiting}"


@transaction.atomic
def link_papers() -> LinkReport:
    """Give every paper the methods that implement it, or else the nearest ones by meaning. Safe to repeat.

    A link that a curator made, accepted or rejected is left as it is; a rejected method is not proposed again.
    """
    methods = {m.pk: m for m in Method.objects.filter(present=True)}
    curated = {(link.paper_id, link.method_id): link for link in PaperLink.objects.exclude(curated_at=None)}
    wanted = _implementing(methods.values())
    served = {paper for paper, _ in wanted} | {
        paper for (paper, _), link in curated.items() if link.kind == "implements" and link.state != "rejected"}
    related, waiting = _nearest(methods, served, {key for key, link in curated.items() if link.state == "rejected"})
    wanted |= related

    existing = {(link.paper_id, link.method_id): link for link in PaperLink.objects.filter(curated_at=None)}
    PaperLink.objects.filter(pk__in=[link.pk for key, link in existing.items() if key not in wanted]).delete()
    fresh, changed = [], []
    for (paper_id, method_id), fields in wanted.items():
        if (paper_id, method_id) in curated:
            continue
        link = existing.get((paper_id, method_id))
        if link is None:
            fresh.append(PaperLink(paper_id=paper_id, method_id=method_id, **fields))
        elif any(getattr(link, name) != value for name, value in fields.items()):
            for name, value in fields.items():
                setattr(link, name, value)
            changed.append(link)
    PaperLink.objects.bulk_create(fresh, batch_size=500)
    PaperLink.objects.bulk_update(changed, ["kind", "origin", "score", "percentile", "reason"], batch_size=500)
    kinds = [fields["kind"] for fields in wanted.values()]
    return LinkReport(kinds.count("implements"), kinds.count("related"), waiting)


@transaction.atomic
def curate_link(*, paper: Paper, method: Method, state: str, by, kind: str = PaperLink.IMPLEMENTS) -> PaperLink:
    """Record a curator's word on a link, making it if needed. `state` is accepted or rejected."""
    if state not in (PaperLink.ACCEPTED, PaperLink.REJECTED):
        raise ValueError(f"a curator accepts or rejects; {state!r} is neither")
    link = PaperLink.objects.filter(paper=paper, method=method).first()
    if link is None:
        link = PaperLink(paper=paper, method=method, kind=kind, origin=PaperLink.CURATOR)
    link.state, link.curated_by, link.curated_at = state, by, timezone.now()
    link.save()
    return link


@transaction.atomic
def forget_curation(*, link: PaperLink) -> None:
    """Undo a curator's word: an automatic link goes back to being a proposal, a hand-made one goes away."""
    if link.origin == PaperLink.CURATOR:
        link.delete()
    else:
        PaperLink.objects.filter(pk=link.pk).update(state=PaperLink.PROPOSED, curated_by=None, curated_at=None)


def move_links(kept: Paper, dropped: Paper) -> None:
    """Two rows turned out to be one paper: the second's links move to the first, a curator's word before any other."""
    known = {link.method_id: link for link in PaperLink.objects.filter(paper=kept)}
    for link in PaperLink.objects.filter(paper=dropped):
        rival = known.get(link.method_id)
        if rival and link.curated_at and not rival.curated_at:
            rival.delete()
            rival = None
        if rival is None:
            PaperLink.objects.filter(pk=link.pk).update(paper=kept)


def _implementing(methods) -> dict[tuple[int, int], dict]:
    """(paper, method) pairs whose arXiv id or normalised title stands on the method's card."""
    by_arxiv = dict(Paper.objects.exclude(arxiv_id=None).values_list("arxiv_id", "pk"))
    by_title = papers_by_title_key()
    found = {}
    for method in methods:
        for named in method.papers:
            same_id = by_arxiv.get(named["arxiv"]) if named["arxiv"] else None
            paper = same_id or by_title.get(title_key(named["title"]))
            if paper:
                found[paper, method.pk] = {
                    "kind": PaperLink.IMPLEMENTS, "origin": PaperLink.CARD, "score": None, "percentile": None,
                    "reason": [f"arXiv {named['arxiv']}" if same_id else "title on the method's card"]}
    return found


def _nearest(methods: dict[int, Method], served: set[int], rejected: set[tuple[int, int]]):
    """The nearest methods by meaning of every paper not in `served`, and how many papers have no vector yet."""
    unserved = set(Paper.objects.exclude(pk__in=served).values_list("pk", flat=True))
    by_key = {m.key: pk for pk, m in methods.items()}
    try:
        model = prepared().model_id
    except EncoderUnavailable:  # nothing is embedded before the encoder's first use
        return {}, len(unserved)
    _, paper_keys, paper_vectors = kind_vectors("paper", model)
    _, method_keys, method_vectors = kind_vectors("method", model)
    usable = [i for i, key in enumerate(method_keys) if key in by_key]
    if not usable or not paper_keys:
        return {}, len(unserved)
    method_ids = [by_key[method_keys[i]] for i in usable]
    cosine = paper_vectors @ method_vectors[usable].T  # (papers, methods)
    background = np.sort(cosine, axis=None)
    rows = {int(key): i for i, key in enumerate(paper_keys)}
    words = {(kind, key): terms(f"{title}. {body}")
             for kind, key, title, body in SearchText.objects.values_list("kind", "key", "title", "body")}
    rarity = Rarity(len(words), Counter(term for counts in words.values() for term in counts))
    found, waiting = {}, 0
    for paper in unserved:
        if paper not in rows:
            waiting += 1
            continue
        row = rows[paper]
        order = [j for j in np.argsort(-cosine[row]) if (paper, method_ids[j]) not in rejected]
        for j in order[:RELATED_PER_PAPER]:
            score = float(cosine[row, j])
            below = float(np.searchsorted(background, score) / len(background) * 100)
            shared = rarity.shared(words["paper", str(paper)], words["method", method_keys[usable[j]]])
            found[paper, method_ids[j]] = {
                "kind": PaperLink.RELATED, "origin": PaperLink.MEANING, "score": round(score, 4),
                "percentile": round(below, 2), "reason": shared}
    return found, waiting
