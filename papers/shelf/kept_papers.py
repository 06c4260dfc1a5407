"""What people keep goes with its paper: it keeps the paper here, and follows it into another."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from papers.models import Paper
from papers.shelf.models import ListEntry, Mark, TagOnPaper


def somebody_keeps_it() -> Q:
    """Papers that somebody has starred, noted, tagged or listed stay when their last digest is taken back."""
    marked = Mark.objects.filter(Q(starred_at__isnull=False) | Q(noted_at__isnull=False), paper=OuterRef("pk"))
    return Q(Exists(marked)) | Q(Exists(TagOnPaper.objects.filter(paper=OuterRef("pk")))) | Q(
        Exists(ListEntry.objects.filter(paper=OuterRef("pk"))))


def move_what_is_kept(kept: Paper, dropped: Paper) -> None:
    """Everything that accounts keep of the second row goes to the first; where an account has marked both, the
    earlier moments hold and the notes stand one below the other."""
    there = {mark.user_id: mark for mark in Mark.objects.filter(paper=kept)}
    for mark in Mark.objects.filter(paper=dropped):
        own = there.get(mark.user_id)
        if own is None:
            Mark.objects.filter(pk=mark.pk).update(paper=kept)
            continue
        for name in (*Mark.STATES, "noted_at"):
            setattr(own, name, min(filter(None, (getattr(own, name), getattr(mark, name))), default=None))
        own.note = "\n\n".join(note for note in dict.fromkeys((own.note, mark.note)) if note)
        own.save()
    for model, owner in ((TagOnPaper, "tag"), (ListEntry, "paper_list")):
        taken = model._base_manager.filter(paper=kept).values(owner)
        model._base_manager.filter(paper=dropped).exclude(**{f"{owner}__in": list(
            taken.values_list(owner, flat=True))}).update(paper=kept)
