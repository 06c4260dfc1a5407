"""Write everything that cannot be made again into one file, while the services run.

Papers, digests with their originals, links, decisions, reported claims, runs, scores, verdicts, snapshots, accounts,
tokens, kept code, vectors and the generated secret key. It restores on SQLite and on PostgreSQL alike.
"""

import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backup.archive import BackupError
from config.backup.progress import Progress
from config.backup.taking import take_backup


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="the file, or a folder to put a dated one into")
        parser.add_argument("--overwrite", action="store_true", help="replace FILE if it is there")

    def handle(self, *, file: Path, overwrite: bool, **options) -> None:
        started = time.monotonic()
        try:
            taken = take_backup(file, overwrite=overwrite, progress=Progress(self.say))
        except BackupError as error:
            raise CommandError(str(error)) from error
        key = "" if taken.secret_key else " The secret key comes from SECRET_KEY and is not in it: keep that too."
        self.say(f"{taken.path}: {taken.rows:,} rows of {taken.tables} tables and {taken.files} kept files, "
                 f"{taken.bytes / 1e6:.1f} MB, in {time.monotonic() - started:.1f} s")
        self.say("It holds password hashes and token hashes"
                 + (" and the site's secret key" if taken.secret_key else "")
                 + f"; only its owner can read it (mode 0600). Keep it safe.{key}")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
