"""Storing a digest and taking it back, in lots that are each whole and hold the database for a moment only.

A lot is placed among the papers there are and written in one transaction, so two imports at once, or one that goes on
where an earlier one stopped, neither double a paper nor an entry. `Digest.state` says whether it came to its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from papers.bibliography.keys import give_keys
from papers.digests.records import DigestError, Parsed, Record, Reject
from papers.extensions import extensions
from papers.identity.folding import Folding, give_numbers_back, remember_numbers
from papers.identity.plan import Placed, Plan
from papers.identity.questions import ask
from papers.identity.sources import Origin, Version, hash_of, rank_of, stored
from papers.matching import Shelf
from papers.models import (
    Appearance,
    Digest,
    OtherTitle,
    Paper,
    PaperIdentifier,
    PaperValue,
    Reference,
    Rejection,
    Revision,
    WantedPaper,
)
from papers.reports import KNOWN, MERGED, NEW, Entry
from papers.search_texts import BATCH, record_search_texts, search_row
from papers.selectors import papers_only_in
from papers.writing import short_write

LOT = 25  # records a transaction ...
LOT_CHARACTERS = 100_000  # ... and of their words, but at least one record
FOLDS = 3  # in one transaction: each moves whatever hangs on a paper
PAPER_FIELDS = ["title", "title_key", "abstract", "described", "arxiv_id", "doi", "year", "published_on", "authors",
                "urls", "venue", "withdrawn", "sources", "updated_at"]


def store_entries(digest: Digest, parsed: Parsed) -> tuple[list[Entry], bool]:
    """Store what is missing of the digest and mark it complete. Returns its entries, and whether a paper changed.

    Raises DigestError when the digest was taken back meanwhile.
    """
    _store_rejects(digest, parsed.rejects)
    entries: list[Entry] = []
    became: dict[int, int] = {}
    changed = False
    lots = list(reversed(list(lots_of(parsed.records))))
    while lots:
        lot = lots.pop()
        keys = [record.title_key for record in lot]  # costs more than finding the papers
        with short_write():
            _check_still_importing(digest)
            stored = stored_places(digest, lot)
            plan = Shelf().place([(record, key) for record, key in zip(lot, keys, strict=True)
                                  if record.position not in stored], Origin(rank_of(parsed.format), digest.pk))
            if len(plan.folded) > FOLDS and len(lot) > 1:
                middle = len(lot) // 2
                lots += [lot[middle:], lot[:middle]]
                continue
            _write(digest, plan)
        changed = changed or bool(plan.new or plan.changed)
        became.update((fold.dropped.pk, fold.kept.pk) for fold in plan.folded)
        entries += entries_of(lot, stored, plan.placed)
    with short_write():
        _check_still_importing(digest)
        Digest.objects.filter(pk=digest.pk).update(state=Digest.COMPLETE)
    digest.state = Digest.COMPLETE
    final = [_folded(entry, became) for entry in entries]
    merged = [entry.position for entry, before in zip(final, entries, strict=True) if entry.outcome != before.outcome]
    if merged:  # with a paper that a later lot brought together with another
        with short_write():
            digest.appearances.filter(position__in=merged, outcome=NEW).update(outcome=MERGED)
    return final, changed


def lots_of(records: Iterable[Record]) -> Iterator[list[Record]]:
    """The records in order, as many at a time as are stored in one transaction."""
    lot: list[Record] = []
    characters = 0
    for record in records:
        length = len(record.title) + len(record.abstract)
        if lot and (len(lot) == LOT or characters + length > LOT_CHARACTERS):
            yield lot
            lot, characters = [], 0
        lot.append(record)
        characters += length
    if lot:
        yield lot


def stored_places(digest: Digest, records: Iterable[Record] | None = None) -> dict[int, int]:
    """The positions that an earlier attempt stored, all or of these records, and the primary keys of their papers."""
    places = digest.appearances.all()
    if records is not None:
        places = places.filter(position__in=[record.position for record in records])
    return dict(places.values_list("position", "paper"))


def entries_of(records: Iterable[Record], stored: dict[int, int], placed: Iterable[Placed]) -> list[Entry]:
    """What a report says of these records: those stored before are known, the others are as they were placed."""
    found = {place.record.position: place for place in placed}
    entries = []
    for record in records:
        place = found.get(record.position)
        outcome, changes = (place.outcome, tuple(place.changes)) if place else (KNOWN, ())
        entries.append(Entry(position=record.position, line=record.line, title=record.title,
                             paper_id=place.paper.pk if place else stored[record.position], outcome=outcome,
                             changes=changes))
    return entries


def _folded(entry: Entry, became: dict[int, int]) -> Entry:
    """The entry of a paper that a later lot folded into another."""
    if entry.paper_id not in became:
        return entry
    paper = entry.paper_id
    while paper in became:
        paper = became[paper]
    return replace(entry, paper_id=paper, outcome=MERGED if entry.outcome == NEW else entry.outcome)


def _check_still_importing(digest: Digest) -> None:
    if not Digest.objects.filter(pk=digest.pk, state__in=(Digest.IMPORTING, Digest.COMPLETE)).exists():
        raise DigestError(f"{digest.name}: it was taken back while it was imported")


def _store_rejects(digest: Digest, rejects: list[Reject]) -> None:
    """They are stored in order, so their number tells how many are there already."""
    while True:
        with short_write():
            _check_still_importing(digest)
            done = digest.rejections.count()
            batch = rejects[done:done + BATCH]
            Rejection.objects.bulk_create([
                Rejection(digest=digest, line=reject.line, reason=reject.reason[:300], excerpt=reject.excerpt[:300])
                for reject in batch])
        if not batch:
            return


def _write(digest: Digest, plan: Plan) -> None:
    write_papers(plan, reason=f"“{digest.name}” lists both as one")
    Appearance.objects.bulk_create([
        Appearance(digest=digest, paper=placed.paper, position=placed.record.position, line=placed.record.line,
                   outcome=placed.outcome)
        for placed in plan.placed])
    reported = [(placed.paper, placed.record.reported) for placed in plan.placed if placed.record.reported]
    if reported:
        for follow in extensions.on_reported:
            follow(digest, reported)


def write_papers(plan: Plan, *, reason: str, by=None) -> None:
    """Write the plan's papers with what hangs on them, but not where they are listed. `reason` is why some are one."""
    for fold in plan.folded:
        with Folding(fold, reason=reason, by=by):
            _fold(fold.kept, fold.dropped)
    give_numbers_back(plan.new)
    give_keys(plan.new)
    Paper.objects.bulk_create(plan.changed, update_conflicts=True, unique_fields=["pk"], update_fields=PAPER_FIELDS)
    Paper.objects.bulk_create(plan.new)
    OtherTitle.objects.bulk_create([OtherTitle(paper=paper, title=title, title_key=key)
                                    for paper, title, key in plan.other_titles], ignore_conflicts=True)
    PaperIdentifier.objects.bulk_create([PaperIdentifier(paper=paper, kind=kind, value=value)
                                         for (kind, value), paper in plan.identifiers.items()], ignore_conflicts=True)
    keep_versions(plan.versions)
    ask(plan.questions)
    record_search_texts(map(search_row, plan.new + plan.changed))


def keep_versions(versions: Iterable[tuple[Paper, Version]]) -> None:
    """Keep values that the papers do not show; each of them once."""
    PaperValue.objects.bulk_create([
        PaperValue(paper=paper, field=version.field, value=stored(version.value), value_hash=hash_of(version.value),
                   rank=version.origin.rank, digest=version.origin.digest)
        for paper, version in versions], ignore_conflicts=True)


def _fold(kept: Paper, dropped: Paper) -> None:
    """Two rows turned out to be one paper: everything that hangs on the second moves to the first."""
    dropped.appearances.update(paper=kept)
    dropped.identifiers.update(paper=kept)
    for rows, key in ((dropped.other_titles, "title_key"), (dropped.values, "value_hash")):
        there = rows.model.objects.filter(paper=kept)
        rows.exclude(**{f"{key}__in": there.values(key)}).update(paper=kept)
    WantedPaper.objects.filter(paper=dropped).update(paper=kept)
    Reference.objects.filter(paper=dropped).exclude(key__in=kept.references.values("key")).update(paper=kept)
    for follow in extensions.on_fold:
        follow(kept, dropped)
    _forget_papers([dropped.pk])


def remove_entries(digest: Digest) -> int:
    """Take out the digest's entries, with the papers nothing else keeps, and the digest. Returns how many papers.

    What was stopped half way goes on when it is called again. Raises DigestError when the digest is imported anew
    meanwhile.
    """
    Digest.objects.filter(pk=digest.pk).update(state=Digest.REMOVING)
    removed = 0
    while True:
        with short_write():
            if not Digest.objects.filter(pk=digest.pk, state=Digest.REMOVING).exists():
                if Digest.objects.filter(pk=digest.pk).exists():
                    raise DigestError(f"{digest.name}: it was imported again while it was taken back")
                return removed  # another request was quicker
            places = dict(digest.appearances.order_by("-position").values_list("pk", "paper")[:LOT])
            rejects = [] if places else list(digest.rejections.order_by("-pk").values_list("pk", flat=True)[:BATCH])
            if not places and not rejects:
                Digest.objects.filter(pk=digest.pk).delete()
                return removed
            orphans = list(papers_only_in(digest).filter(pk__in=set(places.values())).values_list("pk", flat=True))
            Appearance.objects.filter(pk__in=places).delete()
            digest.rejections.filter(pk__in=rejects).delete()
            remember_numbers(orphans)
            _forget_papers(orphans)
            removed += len(orphans)


def _forget_papers(pks: list[int]) -> None:
    """The words search sees of them go with them."""
    if pks:
        Paper.objects.filter(pk__in=pks).delete()
        Revision.grow(Revision.VECTORS)
