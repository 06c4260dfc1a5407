"""What changes papers: importing digests, taking them back, and the words search sees."""

import hashlib
import logging
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from papers.digests.reading import read_digest
from papers.digests.records import DigestError, Parsed, single_line
from papers.digests.titles import title_key
from papers.extensions import extensions
from papers.matching import Plan, Shelf
from papers.models import Appearance, Digest, OtherTitle, Paper, Rejection, Revision, SearchText
from papers.reports import Entry, ImportReport, Removal, stored_report
from papers.selectors import papers_only_in
from papers.storage import originals

logger = logging.getLogger(__name__)

BATCH = 1000  # rows per statement
PAPER_FIELDS = ["title", "title_key", "abstract", "described", "arxiv_id", "doi", "year", "published_on", "authors",
                "urls", "updated_at"]


def import_digest(*, name: str, data: bytes, imported_by=None) -> ImportReport:
    """Read one digest and store its papers, appearances and rejects in one transaction.

    The same bytes are imported once: again changes nothing, and the report says so. Raises DigestError when no paper
    can be read from them.
    """
    name = _clean_name(name)
    known = Digest.objects.filter(sha256=hashlib.sha256(data).hexdigest()).first()
    if known:
        return stored_report(known, already_imported=True)
    parsed = read_digest(data, name)
    sha256 = originals.put(data)
    return _store(name, sha256, parsed, imported_by)


def import_digests(uploads: Iterable[tuple[str, bytes]], *, imported_by=None) -> list[ImportReport]:
    """Import each (name, bytes) in a transaction of its own; what cannot be read is a report with `error`."""
    reports = []
    for name, data in uploads:
        try:
            reports.append(import_digest(name=name, data=data, imported_by=imported_by))
        except DigestError as error:
            reports.append(ImportReport(name=_clean_name(name), error=str(error), rejected=list(error.rejects)))
    return reports


def preview_digests(uploads: Iterable[tuple[str, bytes]]) -> list[ImportReport]:
    """What import_digests would report, one digest after the other, without saving anything."""
    reports: list[ImportReport] = []
    with transaction.atomic():  # done for real and rolled back, so the preview cannot differ from the import
        for name, data in uploads:
            name, sha256 = _clean_name(name), hashlib.sha256(data).hexdigest()
            known = Digest.objects.filter(sha256=sha256).first()
            try:
                report = stored_report(known, already_imported=True) if known else \
                    _store(name, sha256, read_digest(data, name), None)
            except DigestError as error:
                report = ImportReport(name=name, sha256=sha256, error=str(error), rejected=list(error.rejects))
            reports.append(report)
        new = {entry.paper_id for report in reports for entry in report.new if entry.paper_id is not None}
        transaction.set_rollback(True)
    for report in reports:
        report.forget_unsaved(new)
    return reports


def preview_digest(*, name: str, data: bytes) -> ImportReport:
    """One digest's preview. Raises DigestError when no paper can be read from it."""
    report = preview_digests([(name, data)])[0]
    if report.error:
        raise DigestError(report.error, tuple(report.rejected))
    return report


@transaction.atomic
def _store(name: str, sha256: str, parsed: Parsed, imported_by) -> ImportReport:
    if connection.vendor == "postgresql":  # SQLite has one writer; here two imports would race for a new title
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE papers_digest IN SHARE ROW EXCLUSIVE MODE")
    digest, created = Digest.objects.get_or_create(
        sha256=sha256, defaults={"name": name, "format": parsed.format, "imported_by": imported_by})
    if not created:
        return stored_report(digest, already_imported=True)

    plan = Shelf(parsed.records).plan()
    _save_papers(plan)
    Appearance.objects.bulk_create([
        Appearance(digest=digest, paper=placed.paper, position=placed.record.position, line=placed.record.line)
        for placed in plan.placed], batch_size=BATCH)
    Rejection.objects.bulk_create([
        Rejection(digest=digest, line=reject.line, reason=reject.reason[:300], excerpt=reject.excerpt[:300])
        for reject in parsed.rejects], batch_size=BATCH)
    record_search_texts(map(search_row, plan.new + plan.changed))
    if plan.new or plan.changed:
        request_embedding()
    return ImportReport(
        name=name, sha256=sha256, format=parsed.format, digest_id=digest.pk, rejected=list(parsed.rejects),
        notes=list(parsed.notes),
        entries=[Entry(position=placed.record.position, line=placed.record.line, title=placed.record.title,
                       paper_id=placed.paper.pk, outcome=placed.outcome, changes=tuple(placed.changes))
                 for placed in plan.placed])


def _save_papers(plan: Plan) -> None:
    for kept, dropped in plan.folded:
        _fold(kept, dropped)
    Paper.objects.bulk_update(plan.changed, PAPER_FIELDS, batch_size=100)
    Paper.objects.bulk_create(plan.new, batch_size=BATCH)
    OtherTitle.objects.bulk_create(
        [OtherTitle(paper=paper, title=title, title_key=key) for key, (title, paper) in plan.other_titles.items()],
        batch_size=BATCH)


def _fold(kept: Paper, dropped: Paper) -> None:
    """Two rows turned out to be one paper: everything that hangs on the second moves to the first."""
    dropped.appearances.update(paper=kept)
    dropped.other_titles.update(paper=kept)
    for follow in extensions.on_fold:
        follow(kept, dropped)
    _forget_papers([dropped.pk])


def record_search_texts(rows: Iterable[tuple[str, str, str, str]]) -> int:
    """Make the words search sees equal the (kind, key, title, body) given. Returns how many changed.

    The one writer of SearchText, for papers ("paper", primary key) and methods ("method", "arena/slug").
    """
    wanted = {(kind, key): SearchText(kind=kind, key=key, title=title, body=body, text_hash=text_hash(title, body),
                                      paper_id=int(key) if kind == SearchText.PAPER else None)
              for kind, key, title, body in rows}
    known: dict[tuple[str, str], str] = {}
    for kind in {kind for kind, _ in wanted}:
        keys = [key for kind_of_key, key in wanted if kind_of_key == kind]
        for start in range(0, len(keys), BATCH):
            known.update({(kind, key): known_hash for key, known_hash in SearchText.objects.filter(
                kind=kind, key__in=keys[start:start + BATCH]).values_list("key", "text_hash")})
    changed = [row for identity, row in wanted.items() if known.get(identity) != row.text_hash]
    SearchText.objects.bulk_create(changed, batch_size=BATCH, update_conflicts=True, unique_fields=["kind", "key"],
                                   update_fields=["title", "body", "text_hash", "embedded_by"])
    if changed:
        Revision.grow(Revision.VECTORS)
    return len(changed)


def search_row(paper: Paper) -> tuple[str, str, str, str]:
    """What search sees of a paper, as `record_search_texts` takes it."""
    return SearchText.PAPER, str(paper.pk), paper.title, paper.abstract


def text_hash(title: str, body: str) -> str:
    """SHA-256 of the words alone: which model embeds them is kept with the vector."""
    return hashlib.sha256(f"{title}\n\n{body}".encode()).hexdigest()


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


@transaction.atomic
def remove_digest(*, digest: Digest) -> Removal:
    """Take an import back: its appearances, and the papers no other digest lists and no curator has linked.

    What it added to papers listed elsewhere stays. The original bytes stay too, so that importing them undoes this.
    """
    orphans = list(papers_only_in(digest).values_list("pk", flat=True))
    listed = digest.appearances.values("paper").distinct().count()
    removal = Removal(name=digest.name, sha256=digest.sha256, removed=len(orphans), kept=listed - len(orphans),
                      restorable=originals.has(digest.sha256))
    digest.delete()
    _forget_papers(orphans)
    if orphans:
        request_embedding()
    return removal


def restore_digest(*, sha256: str, name: str, imported_by=None) -> ImportReport:
    """Import a removed digest again from its kept original. Raises DigestError when that is gone."""
    try:
        data = originals.get(sha256)
    except KeyError:
        raise DigestError(f"{name}: its original is no longer kept") from None
    return import_digest(name=name, data=data, imported_by=imported_by)


@transaction.atomic
def edit_paper(*, paper: Paper) -> None:
    """Save a paper changed by hand; the words search sees follow it, and it is still known by its former title.

    Raises ValidationError, for instance when another paper has that title.
    """
    key = title_key(paper.title)
    before = Paper.objects.get(pk=paper.pk)
    if key != title_key(before.title):
        OtherTitle.objects.filter(paper=paper, title_key=key).delete()
        OtherTitle.objects.create(paper=paper, title=before.title, title_key=before.title_key)
        paper.title_key = key
    paper.full_clean()
    paper.save()
    if record_search_texts([search_row(paper)]):
        request_embedding()


def _forget_papers(pks: list[int]) -> None:
    """Their search texts go with them, by cascade."""
    for start in range(0, len(pks), BATCH):
        Paper.objects.filter(pk__in=pks[start:start + BATCH]).delete()
    if pks:
        Revision.grow(Revision.VECTORS)


def _clean_name(name: str) -> str:
    """The last part of an upload's name, without what could harm a page or a path."""
    last = PurePosixPath(re.sub(r"\\", "/", single_line(name))).name
    return last[-255:] or "pasted text"
