"""Load results files (default: those shipped with the code); runs already known are left alone."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from evaluations.claims.verdicts import update_verdicts
from evaluations.runs.results import SHIPPED, load_results


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="*", type=Path)

    def handle(self, files, **options):
        for path in files or sorted(SHIPPED.glob("*.json")):
            try:
                report = load_results(path.read_text(), name=path.name)
            except (OSError, ValueError) as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{path.name}: {report.added} runs loaded, {report.skipped} already known")
            if report.added:
                update_verdicts(arena=report.arena)
