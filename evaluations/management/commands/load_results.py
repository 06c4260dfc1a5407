"""Load results files (default: those shipped with the code, unless they are loaded already); known runs are left."""

import hashlib
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from evaluations.claims.verdicts import update_verdicts
from evaluations.models import Prepared
from evaluations.runs.results import SHIPPED, load_results
from methods.mirror import library_key


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="*", type=Path)

    def handle(self, files, **options):
        library = library_key()
        for path in files or sorted(SHIPPED.glob("*.json")):
            try:
                text = path.read_text()
                key = hashlib.sha256(f"{library}{text}".encode()).hexdigest()
                step = f"loading {path.name}"
                if not files and Prepared.is_done(step, key):
                    continue
                report = load_results(text, name=path.name)
            except (OSError, ValueError) as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{path.name}: {report.added} runs loaded, {report.skipped} already known")
            if report.added:
                update_verdicts(arena=report.arena)
            if not files:
                Prepared.done(step, key)
