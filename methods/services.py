"""A curator's word on the links from papers to methods: it is final, and `methods.linking` keeps to it."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from methods.models import Method, PaperLink
from papers import history
from papers.models import Paper, Revision


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
    history.record("linked" if state == PaperLink.ACCEPTED else "rejected the link", f"paper:{paper.pk}",
                   f"method:{method.key}", by=by)
    _link_again(paper.pk)
    return link


@transaction.atomic
def forget_curation(*, link: PaperLink, by=None) -> None:
    """Undo a curator's word: an automatic link goes back to being a proposal, a hand-made one goes away."""
    history.record("took back a word on the link", f"paper:{link.paper_id}", f"method:{link.method.key}", by=by)
    if link.origin == PaperLink.CURATOR:
        link.delete()
    else:
        PaperLink.objects.filter(pk=link.pk).update(state=PaperLink.PROPOSED, curated_by=None, curated_at=None)
    _link_again(link.paper_id)


def _link_again(paper: int) -> None:
    """Have the next round of linking look at this paper: it may need another method, or one less."""
    Paper.objects.filter(pk=paper).update(updated_at=timezone.now())
    Revision.grow(Revision.LINKS)


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
