"""manage.py ingest PATH…: import digests from files, folders or standard input."""

import json
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from papers.digests.columns import FIELDS, chosen_columns
from papers.digests.records import DigestError
from papers.models import Digest
from papers.reports import ImportReport
from papers.services import continue_import, import_digests, preview_digests, remove_digest


class Command(BaseCommand):
    help = ("Import digests: trending-papers text, JSON or JSONL, RSS, Atom, OAI-PMH, BibTeX, RIS and other "
            "reference lists, CSV, XLSX, XLS, ODS, Markdown, HTML, a mail; gzip and ZIP are unpacked. "
            "The same bytes are imported once.")

    def add_arguments(self, parser):
        parser.add_argument("paths", nargs="*", metavar="PATH", help="a file, a folder, or - for standard input")
        parser.add_argument("--columns", action="append", default=[], metavar="FIELD=HEADING,…",
                            help="which headings of a table are what, e.g. title=Naam,authors=Auteurs; fields are "
                                 + ", ".join(FIELDS))
        parser.add_argument("--unfinished", action="store_true",
                            help="finish the imports and removals that were stopped half way")
        parser.add_argument("--dry-run", action="store_true", help="say what would change and save nothing")
        parser.add_argument("--json", action="store_true", help="print the full reports as JSON")

    def handle(self, *, paths, dry_run, unfinished, json: bool, columns, **options):
        try:
            chosen = chosen_columns(",".join(columns))
        except DigestError as error:
            raise CommandError(str(error)) from error
        if unfinished:
            self._finish()
        if not paths:
            if unfinished:
                return
            raise CommandError("name a file, a folder, or - for standard input")
        files, failed = self._uploads(paths)
        uploads = [(name, data, chosen) for name, data in files]
        reports = failed + (preview_digests(uploads) if dry_run else import_digests(uploads))
        if json:
            self._print_json(reports)
        else:
            for report in reports:
                self._print(report, dry_run)
        read = [report for report in reports if not report.error]
        if not json and len(reports) > 1:
            papers = {entry.paper_id for report in read for entry in report.entries if entry.paper_id}
            total = sum(len(report.entries) for report in read)
            self.stdout.write(f"{len(read)} of {len(reports)} digests read: {total} entries, "
                              f"{sum(len(report.new) for report in read)} new papers"
                              + ("" if dry_run else f", {len(papers)} distinct papers"))
        if not read:
            raise CommandError("nothing could be read")

    def _finish(self) -> None:
        for digest in Digest.objects.exclude(state=Digest.COMPLETE).order_by("pk"):
            try:
                if digest.state == Digest.IMPORTING:
                    self._print(continue_import(digest=digest), False)
                else:
                    self.stdout.write(f"{digest.name}: taken back, {remove_digest(digest=digest).removed} papers went")
            except DigestError as error:
                self.stderr.write(self.style.ERROR(str(error)))

    def _uploads(self, paths: list[str]) -> tuple[list[tuple[str, bytes]], list[ImportReport]]:
        """(name, bytes) of every file, and a report with the error for each path that cannot be opened."""
        uploads, failed = [], []
        for path in paths:
            if path == "-":
                uploads.append(("standard input", sys.stdin.buffer.read()))
                continue
            try:
                for file in self._files(Path(path)):
                    uploads.append((file.name, file.read_bytes()))
            except OSError as error:
                failed.append(ImportReport(name=path, error=f"{path}: {error.strerror or error}"))
        return uploads, failed

    def _files(self, path: Path) -> list[Path]:
        if not path.is_dir():
            return [path]
        files = sorted(file for file in path.rglob("*") if file.is_file() and not any(
            part.startswith(".") for part in file.relative_to(path).parts))
        if not files:
            raise OSError("the folder holds no files")
        return files

    def _print(self, report: ImportReport, dry_run: bool) -> None:
        if report.error:
            self.stderr.write(self.style.ERROR(report.error))
        else:
            self.stdout.write(("would import " if dry_run and not report.already_imported else "") + report.summary)
        for note in report.notes:
            self.stdout.write(f"  note: {note}")
        for reject in report.rejected:
            self.stderr.write(f"{report.name}:{reject.line or '?'}: {reject.reason}: {reject.excerpt}")

    def _print_json(self, reports: list[ImportReport]) -> None:
        self.stdout.write(json.dumps([report.as_dict() for report in reports], ensure_ascii=False, indent=2))
