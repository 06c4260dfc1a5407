"""What changes papers: importing digests, taking them back, and the words search sees."""

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from celery import current_app
from django.core.exceptions import ValidationError
from django.db import transaction
from kombu.exceptions import OperationalError

from papers import history
from papers.digests.columns import UnknownHeadings
from papers.digests.reading import read_digest
from papers.digests.records import DigestError, Parsed, single_line
from papers.digests.titles import title_key
from papers.identity.rules import same_title
from papers.identity.sources import FIELDS, PERSON, Origin, Version, mark, origin_of, rank_of
from papers.matching import Shelf
from papers.models import Digest, OtherTitle, Paper
from papers.reports import ImportReport, Removal, stored_report
from papers.search_texts import record_search_texts, search_row
from papers.storage import originals
from papers.storing import entries_of, keep_versions, remove_entries, store_entries, stored_places
from papers.writing import short_write

logger = logging.getLogger(__name__)

Upload = tuple[str, bytes] | tuple[str, bytes, Mapping[str, str]]  # name, bytes, and what a person said of its columns
LARGE = 2**18  # bytes; reading and storing more takes longer than a page should


def import_digest(*, name: str, data: bytes, imported_by=None, columns: Mapping[str, str] | None = None
                  ) -> ImportReport:
    """Read one digest and store its papers, appearances and rejects, a lot at a time.

    `columns` says which heading of a table is which field where a person has said so; it is kept with the digest.
    The same bytes are imported once: again changes nothing, and the report says so; an import that was stopped half
    way goes on. Raises DigestError when no paper can be read from them.
    """
    name = _clean_name(name)
    known = Digest.objects.filter(sha256=hashlib.sha256(data).hexdigest()).first()
    if known:
        originals.put(data)  # in case it was lost
    if known and known.state == Digest.COMPLETE:
        return stored_report(known, already_imported=True)
    columns = columns or (known.columns if known else {})
    parsed = read_digest(data, name, columns)
    sha256 = originals.put(data)
    with short_write():
        digest, created = Digest.objects.get_or_create(sha256=sha256, defaults={
            "name": name, "format": parsed.format, "imported_by": imported_by, "state": Digest.IMPORTING,
            "listed": len(parsed.records), "columns": columns})
        complete = digest.state == Digest.COMPLETE  # another request was quicker
        if created:
            history.record("imported", f"digest:{digest.pk}", by=imported_by)
        if not (created or complete):
            Digest.objects.filter(pk=digest.pk).update(
                state=Digest.IMPORTING, format=parsed.format, listed=len(parsed.records))
    if complete:
        return stored_report(digest, already_imported=True)
    notes = [] if created else _continues(digest)
    entries, changed = store_entries(digest, parsed)
    if changed or not created:  # what an earlier attempt stored may not be embedded either
        request_embedding()
    return ImportReport(name=digest.name, sha256=sha256, format=parsed.format, digest_id=digest.pk, entries=entries,
                        rejected=list(parsed.rejects), notes=parsed.notes + notes)


def _continues(digest: Digest) -> list[str]:
    stored = digest.appearances.count()
    return [f"an earlier import of it had stopped after {stored} entries; this one goes on from there"] if stored \
        else []


def import_large_digest(*, name: str, data: bytes, imported_by=None, columns: Mapping[str, str] | None = None
                        ) -> ImportReport:
    """Have a worker import a digest that takes more than a moment; a small one is imported at once.

    So is a large one where no broker answers. Raises DigestError as `import_digest` does.
    """
    if len(data) > LARGE:
        sha256 = originals.put(data)
        with short_write():
            digest, created = Digest.objects.get_or_create(sha256=sha256, defaults={
                "name": _clean_name(name), "imported_by": imported_by, "state": Digest.IMPORTING,
                "columns": columns or {}})
            if created:
                history.record("imported", f"digest:{digest.pk}", by=imported_by)
            if digest.state == Digest.REMOVING:
                Digest.objects.filter(pk=digest.pk).update(state=Digest.IMPORTING)
        try:
            if digest.state != Digest.COMPLETE:
                current_app.signature("papers.import_digest", args=[digest.pk]).apply_async(
                    queue="tasks", retry_policy={"max_retries": 1, "interval_start": 0.1})
                return ImportReport(name=digest.name, sha256=sha256, digest_id=digest.pk, queued=True)
        except OperationalError as error:
            logger.warning("No broker to hand the import of %s to (%s): it is done here", digest.name, error)
    return import_digest(name=name, data=data, imported_by=imported_by, columns=columns)


def continue_import(*, digest: Digest) -> ImportReport:
    """Go on with an import that was stopped half way. Raises DigestError when its original is gone."""
    try:
        data = originals.get(digest.sha256)
    except KeyError:
        raise DigestError(f"{digest.name}: its original is no longer kept; import the file again") from None
    return import_digest(name=digest.name, data=data)


def import_digests(uploads: Iterable[Upload], *, imported_by=None, large_later: bool = False
                   ) -> list[ImportReport]:
    """Import each (name, bytes[, columns]) on its own; what cannot be read is a report with `error`.

    With `large_later`, workers import the large ones.
    """
    take = import_large_digest if large_later else import_digest
    reports = []
    for name, data, *columns in uploads:
        try:
            reports.append(take(name=name, data=data, imported_by=imported_by, columns=next(iter(columns), None)))
        except DigestError as error:
            reports.append(_failed(_clean_name(name), error))
    return reports


def preview_digests(uploads: Iterable[Upload]) -> list[ImportReport]:
    """What import_digests would report, one digest after the other. Nothing is written: what an import would do is
    worked out the same way, and a later digest sees what an earlier one would bring."""
    reports: list[ImportReport] = []
    shelf = Shelf()
    for name, data, *columns in uploads:
        name, sha256 = _clean_name(name), hashlib.sha256(data).hexdigest()
        twin = next((report for report in reports if report.sha256 == sha256 and not report.error), None)
        known = Digest.objects.filter(sha256=sha256).first()
        try:
            if twin:
                report = twin.again()
            elif known and known.state == Digest.COMPLETE:
                report = stored_report(known, already_imported=True)
            else:
                chosen = next(iter(columns), None) or (known.columns if known else {})
                report = _preview(name, sha256, read_digest(data, name, chosen), known, shelf)
        except DigestError as error:
            report = _failed(name, error)
            report.sha256 = sha256
        reports.append(report)
    return reports


def _failed(name: str, error: DigestError) -> ImportReport:
    """What could not be read; of a table with unusual headings these, and what they may be."""
    headings, guess = (error.headings, error.guess) if isinstance(error, UnknownHeadings) else ((), {})
    return ImportReport(name=name, error=str(error), rejected=list(error.rejects), headings=headings, columns=guess)


def _preview(name: str, sha256: str, parsed: Parsed, known: Digest | None, shelf: Shelf) -> ImportReport:
    stored = stored_places(known) if known else {}
    placed = shelf.place([(record, record.title_key) for record in parsed.records
                          if record.position not in stored], Origin(rank_of(parsed.format))).placed
    return ImportReport(name=known.name if known else name, sha256=sha256, format=parsed.format,
                        entries=entries_of(parsed.records, stored, placed), rejected=list(parsed.rejects),
                        headings=parsed.headings, columns=parsed.columns,
                        notes=parsed.notes + (_continues(known) if known else []))


def preview_digest(*, name: str, data: bytes, columns: Mapping[str, str] | None = None) -> ImportReport:
    """One digest's preview. Raises DigestError when no paper can be read from it."""
    report = preview_digests([(name, data, columns or {})])[0]
    if report.error:
        raise DigestError(report.error, tuple(report.rejected))
    return report


def request_embedding() -> None:
    """Once the transaction is through, have a worker embed what is new, refresh index and clusters, and link."""
    transaction.on_commit(_ask_if_there_is_a_broker)


def ask_for_embedding() -> None:
    """Have a worker do it now. Raises kombu's OperationalError where no broker answers."""
    current_app.signature("papers.embed_texts").apply_async(
        queue="tasks", retry_policy={"max_retries": 1, "interval_start": 0.1})


def _ask_if_there_is_a_broker() -> None:
    try:
        ask_for_embedding()
    except OperationalError as error:
        logger.warning("No broker to ask for embedding (%s): the new papers are stored and will be embedded when the "
                       "services next start, or by `manage.py embed`", error)


def remove_digest(*, digest: Digest, by=None) -> Removal:
    """Take an import back: its appearances, and the papers no other digest lists and no curator has linked.

    What it added to papers listed elsewhere stays. The original bytes stay too, so that importing them undoes this.
    It goes a lot at a time; stopped half way, calling it again goes on. Raises DigestError when the digest is
    imported again meanwhile.
    """
    listed = digest.appearances.values("paper").distinct().count()
    number = digest.pk
    removed = remove_entries(digest)
    history.record("took back the import", f"digest:{number}", by=by, words=digest.name)
    if removed:
        request_embedding()
    return Removal(name=digest.name, sha256=digest.sha256, removed=removed, kept=listed - removed,
                   restorable=originals.has(digest.sha256), columns=digest.columns)


def restore_digest(*, sha256: str, name: str, imported_by=None, columns: Mapping[str, str] | None = None
                   ) -> ImportReport:
    """Import a removed digest again from its kept original. Raises DigestError when that is gone."""
    try:
        data = originals.get(sha256)
    except KeyError:
        raise DigestError(f"{name}: its original is no longer kept") from None
    return import_large_digest(name=name, data=data, imported_by=imported_by, columns=columns)


def edit_paper(*, paper: Paper, by=None) -> None:
    """Save a paper changed by hand; the words search sees follow it, and it is still known by its former title.

    Raises ValidationError, for instance when another paper has that title.
    """
    with short_write():
        key = title_key(paper.title)
        before = Paper.objects.get(pk=paper.pk)
        if key != before.title_key:
            if any(same_title(paper, other, key).same for other in Paper.objects.filter(title_key=key)):
                raise ValidationError({"title": "Another paper has this title; merge the two instead."})
            OtherTitle.objects.filter(paper=paper, title_key=key).delete()
            OtherTitle.objects.get_or_create(paper=paper, title_key=before.title_key,
                                             defaults={"title": before.title})
            paper.title_key = key
        for field in FIELDS:
            if getattr(paper, field) != (value := getattr(before, field)):
                mark(paper, field, Origin(PERSON))
                if value:
                    keep_versions([(paper, Version(field, value, origin_of(before, field)))])
        paper.full_clean()
        paper.save()
        history.record("edited", f"paper:{paper.pk}", by=by, words=", ".join(
            field for field in ("title", *FIELDS) if getattr(paper, field) != getattr(before, field)))
        if record_search_texts([search_row(paper)]):
            request_embedding()


def _clean_name(name: str) -> str:
    """The last part of an upload's name, without what could harm a page or a path."""
    last = PurePosixPath(re.sub(r"\\", "/", single_line(name))).name
    return last[-255:] or "pasted text"
