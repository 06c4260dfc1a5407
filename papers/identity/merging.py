"""Making one paper of two by a person's word, taking that apart again, and where an old address leads."""

from __future__ import annotations

from django.apps import apps
from django.core import serializers
from django.db import IntegrityError, models, transaction
from django.db.models import QuerySet
from django.utils import timezone

from papers import history
from papers.identity.plan import TAKEN
from papers.matching import Shelf
from papers.models import Merge, OtherTitle, Paper, PaperIdentifier, PaperValue, PossibleDuplicate
from papers.search_texts import record_search_texts, search_row
from papers.services import request_embedding
from papers.storing import PAPER_FIELDS, write_papers
from papers.writing import short_write


class MergeError(ValueError):
    """Two papers that cannot be made one, or one that cannot be made two again. The message says why."""


def merge_papers(*, one: int, other: int, by) -> Merge:
    """Fold the younger of two papers into the older, whose address stays. Raises MergeError."""
    kept, dropped = sorted((one, other))
    with short_write():
        rows = Paper.objects.in_bulk([kept, dropped])
        if kept == dropped or len(rows) < 2:
            raise MergeError("This is one paper already." if kept == dropped or now_at(dropped) == kept
                             else "One of the two papers is no longer here.")
        write_papers(Shelf().fold(rows[kept], rows[dropped]), reason=Merge.BY_HAND, by=by)
        history.record("merged", f"paper:{kept}", f"paper:{dropped}", by=by, words=f"“{rows[dropped].title}” into it")
        request_embedding()
        return Merge.objects.filter(kept=kept, dropped=dropped).latest("pk")


def unmerge(*, pk: int, by) -> Paper:
    """Take a fold apart: the second paper is there again with its number and all that came with it, and an import
    does not fold the two again. What was added since stays with the first. Returns the second paper.

    Raises Merge.DoesNotExist, or MergeError when one of the papers is part of another by now.
    """
    with short_write():
        merge = Merge.objects.select_for_update().get(pk=pk)
        kept = Paper.objects.filter(pk=merge.kept).first()
        if merge.undone_at:
            raise MergeError("These are two papers again already.")
        if kept is None:
            into = now_at(merge.kept)
            raise MergeError(f"Paper {merge.kept} is part of paper {into} by now: take that apart first." if into
                             else f"Paper {merge.kept} is no longer here.")
        fields = merge.undo["paper"]["fields"]
        _give_back(kept, merge.undo["changes"])
        OtherTitle.objects.filter(paper=kept, title_key=fields["title_key"]).delete()
        for kind, column in (("arxiv", "arxiv_id"), ("doi", "doi")):
            if fields[column]:
                PaperIdentifier.objects.filter(paper=kept, kind=kind, value=fields[column]).delete()
                holder = Paper.objects.filter(**{column: fields[column]}).first()
                if holder:
                    raise MergeError(f"Paper {holder.pk} has {column} {fields[column]} by now.")
        for field, value_hash in merge.undo["versions"]:
            PaperValue.objects.filter(paper=kept, field=field, value_hash=value_hash).delete()
        _put_back([merge.undo["paper"]])
        dropped = Paper.objects.get(pk=merge.dropped)
        for label, name, row in merge.undo["moved"]:
            apps.get_model(label)._base_manager.filter(pk=row, **{name: kept}).update(**{name: dropped})
        _put_back(merge.undo["lost"])
        PossibleDuplicate.objects.update_or_create(
            first=kept if kept.pk < dropped.pk else dropped, second=dropped if kept.pk < dropped.pk else kept,
            defaults={"state": PossibleDuplicate.DIFFERENT, "decided_by": by, "decided_at": timezone.now(),
                      "reason": "they were merged and taken apart", "score": 100.0})
        Merge.objects.filter(pk=pk).update(undone_at=timezone.now())
        history.record("took apart", f"paper:{kept.pk}", f"paper:{dropped.pk}", by=by)
        record_search_texts(map(search_row, (kept, dropped)))
        request_embedding()
        return dropped


def _give_back(kept: Paper, changes: dict[str, list]) -> None:
    """Undo what the kept paper took, where nothing better came since; of the links, those that came along."""
    shown = serializers.serialize("python", [kept])[0]["fields"]
    for name, (before, after) in changes.items():
        if name not in TAKEN:
            continue
        if name == "urls":
            kept.urls = [url for url in kept.urls if url in before or url not in after]
        elif name == "sources":
            kept.sources = {field: said for field, said in kept.sources.items() if after.get(field) != said}
            kept.sources = {**before, **kept.sources}
        elif str(shown[name]) == str(after):
            field = kept._meta.get_field(name)
            setattr(kept, name, field.to_python(before))  # type: ignore[union-attr]  # a plain column
    Paper.objects.bulk_create([kept], update_conflicts=True, unique_fields=["pk"], update_fields=PAPER_FIELDS)


def _put_back(rows: list[dict]) -> None:
    """Write rows as they were. One whose place was taken, or whose owner has gone, is left out: it is superseded."""
    for found in serializers.deserialize("python", rows):
        row = found.object
        for field in row._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and getattr(row, field.attname) is not None and \
                    not field.remote_field.model._base_manager.filter(
                        **{field.target_field.attname: getattr(row, field.attname)}).exists():
                if not field.null:
                    break
                setattr(row, field.attname, None)
        else:
            try:
                with transaction.atomic():
                    found.save()
            except IntegrityError:
                if isinstance(row, Paper):
                    raise


def now_at(number: int) -> int | None:
    """The paper that an old number leads to, however often it was folded on; None where it leads nowhere."""
    seen = {number}
    while merge := Merge.objects.filter(dropped=number, undone_at=None).order_by("-pk").first():
        number = merge.kept
        if number in seen:
            return None
        seen.add(number)
        if Paper.objects.filter(pk=number).exists():
            return number
    return None


def merges_into(paper: Paper) -> QuerySet[Merge]:
    """What was folded into the paper and can be taken apart, newest first."""
    return Merge.objects.filter(kept=paper.pk, undone_at=None).select_related("by")
