"""What takes a fold apart again, kept while it is made; and the numbers of papers that went with their digests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.core import serializers
from django.db import models

from papers.identity.sources import hash_of
from papers.models import FormerPaper, Merge, Paper, PaperValue, SearchText

if TYPE_CHECKING:
    from papers.identity.plan import Fold

DERIVED: tuple[type[models.Model], ...] = (SearchText,)  # made anew from the papers


class Folding:
    """Around the fold of one stored paper into another: what it moved and what it deleted becomes a `Merge`.

    Finds the rows of every app that hang on the two papers by the database's own references, and so names none.
    `Merge.undo` holds the dropped paper's row, the rows that went, (model, field, primary key) of those that moved,
    the fields that the kept paper took, and the values that it does not show because of that.
    """

    def __init__(self, fold: Fold, *, reason: str, by=None):
        self.fold, self.reason, self.by = fold, reason, by

    def __enter__(self) -> None:
        kept, dropped = self.fold.kept.pk, self.fold.dropped.pk
        self.row = Paper.objects.get(pk=dropped)
        self.rows = list(_hanging_on(Paper, [dropped, kept]))
        versions = {(version.field, hash_of(version.value)) for version in self.fold.versions}
        self.versions = sorted(versions - set(PaperValue.objects.filter(paper=kept).values_list("field", "value_hash")))

    def __exit__(self, kind, error, trace) -> None:
        if kind:
            return
        kept, dropped = self.fold.kept.pk, self.fold.dropped.pk
        lost: list[models.Model] = []
        moved: list[tuple[str, str, Any]] = []
        for model, name, rows in self.rows:
            now = dict(model._base_manager.filter(pk__in=[row.pk for row in rows]).values_list("pk", name))
            attribute = model._meta.get_field(name).attname  # type: ignore[union-attr]  # a foreign key
            for row in rows:
                if row.pk not in now:
                    lost.append(row)
                elif getattr(row, attribute) == dropped and now[row.pk] == kept and \
                        issubclass(model._meta.get_field(name).related_model, Paper):  # type: ignore[arg-type]
                    moved.append((model._meta.label, name, row.pk))
        Merge.objects.create(
            kept=kept, dropped=dropped, title=self.row.title, reason=self.reason[:200], by=self.by,
            undo={"paper": serializers.serialize("python", [self.row])[0], "moved": moved,
                  "lost": serializers.serialize("python", lost), "changes": self.fold.changes,
                  "versions": self.versions})


def _hanging_on(model: type[models.Model], pks: list) -> Iterator[tuple[type[models.Model], str, list[models.Model]]]:
    """(model, foreign key, rows) of whatever goes when these rows go, parents first."""
    for relation in model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel) or relation.on_delete is not models.CASCADE:
            continue
        hanging = relation.related_model
        if hanging in DERIVED:
            continue
        rows = list(hanging._base_manager.filter(**{f"{relation.field.name}__in": pks}))
        if rows:
            yield hanging, relation.field.name, rows
            yield from _hanging_on(hanging, [row.pk for row in rows])


def remember_numbers(pks: Iterable[int]) -> None:
    """Before papers go: keep their numbers, so that their addresses are theirs again when a digest brings them back."""
    FormerPaper.objects.bulk_create([FormerPaper(number=pk, title_key=key, arxiv_id=arxiv_id, doi=doi)
                                     for pk, key, arxiv_id, doi in Paper.objects.filter(pk__in=pks).values_list(
                                         "pk", "title_key", "arxiv_id", "doi")], ignore_conflicts=True)


def give_numbers_back(papers: Iterable[Paper]) -> None:
    """Set the primary key of new papers that were here before."""
    papers = list(papers)
    former: dict[str, list[FormerPaper]] = {}
    for row in FormerPaper.objects.filter(title_key__in={paper.title_key for paper in papers}).order_by("number"):
        former.setdefault(row.title_key, []).append(row)
    if not former:
        return
    used = []
    for paper in papers:
        fitting = [row for row in former.get(paper.title_key, ()) if row.number not in used
                   and not (row.arxiv_id and paper.arxiv_id and row.arxiv_id != paper.arxiv_id)
                   and not (row.doi and paper.doi and row.doi != paper.doi)]
        if fitting:
            best = min(fitting, key=lambda row: ((row.arxiv_id, row.doi) != (paper.arxiv_id, paper.doi), row.number))
            paper.pk = best.number
            used.append(best.number)
    FormerPaper.objects.filter(pk__in=used).delete()
