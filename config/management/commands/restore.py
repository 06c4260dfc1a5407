"""Put a backup in place of this installation's database and kept files: all of it, or nothing.

The former database is kept aside. Stop the services first. A backup of SQLite restores on PostgreSQL and the other way
round; one of an older version is brought up to this code.
"""

import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from config.backup.archive import BackupError
from config.backup.progress import Progress
from config.backup.restoring import check_backup, restore_backup


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--check", action="store_true", help="only read the file to its end; change nothing")
        parser.add_argument("--while-running", action="store_true",
                            help="although services run: what they write meanwhile is lost, start them anew after it")

    def handle(self, *, file: Path, check: bool, while_running: bool, **options) -> None:
        started, progress = time.monotonic(), Progress(self.say)
        try:
            if check:
                backup = check_backup(file, progress)
                self.say(f"{file} is whole: {len(backup.entries)} entries of {backup.manifest['made_at']}, "
                         f"from {backup.manifest['database']}")
                return
            done = restore_backup(file, while_running=while_running, progress=progress)
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.say(f"{done.rows:,} rows of {done.tables} tables and {done.files} kept files are back, in "
                 f"{time.monotonic() - started:.1f} s")
        for remark in done.remarks:
            self.say(f"Note: {remark}")
        if done.aside:
            self.say(f"The former database is kept as {done.aside}; when all is well, remove it: "
                     + (f"DROP SCHEMA {done.aside} CASCADE" if connection.vendor == "postgresql"
                        else f"rm '{done.aside}'"))
        self.say("Now start the site; it makes the search index anew.")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
