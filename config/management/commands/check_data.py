"""Look for data that is damaged, orphaned, stuck or missing, and say how to mend it.

Exit status 1 when something is wrong. --mend does what is safe: it computes anew, gives runs back to their queue, and
moves what belongs nowhere to the folder set-aside of DATA_DIR; nothing that cannot be made again is deleted.
"""

import json
import sys

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backup.progress import Progress
from config.data_checks.findings import Finding
from config.data_checks.look import find_problems


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--mend", action="store_true", help="do the safe ones")
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *, mend: bool, json: bool, **options) -> None:
        progress = Progress(lambda text: self.stderr.write(text))
        found = list(find_problems(progress))
        if mend and any(finding.mend for finding in found):
            self.mend(found)
            found = list(find_problems(progress))
        (self.print_json if json else self.print_text)(found)
        if wrong := sum(not finding.note for finding in found):
            if json:
                sys.exit(1)
            raise CommandError(f"{wrong} {'thing is' if wrong == 1 else 'things are'} wrong"
                               + (" still" if mend else ""))

    def mend(self, found: list[Finding]) -> None:
        for finding in found:
            if finding.mend is None:
                continue
            try:
                done = finding.mend()
            except Exception as error:  # the other ones are mended all the same
                done = f"could not be mended: {type(error).__name__}: {error}"
            self.stderr.write(f"{finding.check}: {finding.text}: {done}")

    def print_text(self, found: list[Finding]) -> None:
        for finding in found:
            self.stdout.write(f"{'note: ' if finding.note else ''}{finding.check}: {finding.text}")
            self.stdout.write(f"    {finding.how}")
        if not found:
            self.stdout.write("Nothing is wrong.")

    def print_json(self, found: list[Finding]) -> None:
        self.stdout.write(json.dumps({"ok": all(finding.note for finding in found),
                                      "findings": [finding.as_dict() for finding in found]}, indent=1))
