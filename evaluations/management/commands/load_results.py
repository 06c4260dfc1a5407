"""Load results files (default: those shipped with the code, unless they are loaded already); known runs are left.

What is damaged is named and the rest loaded. For a file that was named, the exit status says so too.
"""

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from evaluations.claims.verdicts import update_verdicts
from evaluations.models import Prepared
from evaluations.runs.results import UnknownArena, load_results
from evaluations.runs.results_files import SHIPPED, read_results, results_files
from methods.mirror import library_key, name_broken
from methods.models import Arena, BrokenFile

NAMED = 3  # damaged runs of one file that are told apart


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="*", type=Path)

    def handle(self, files, **options):
        library, faults = library_key(), {}
        # arenas that got runs, and the steps that are done once their verdicts are
        self.loaded: dict[Arena, list[tuple[str, str]]] = {}
        for path in files or results_files(SHIPPED):
            try:
                reason = self.load(path, library, shipped=not files)
            except (OSError, ValueError) as error:
                reason = str(error).removeprefix(f"{path.name}: ")
                if isinstance(error, UnknownArena) and not files:
                    self.stdout.write(f"{error}; left out")
                    continue
            if reason:
                faults[path] = reason
                self.stderr.write(self.style.ERROR(f"Broken: {_shown(path)}: {reason}"))
        for arena, steps in self.loaded.items():
            update_verdicts(arena=arena)
            for step, key in steps:
                Prepared.done(step, key)
        if files and faults:
            raise CommandError(f"{len(faults)} of {len(files)} files could not be loaded whole")
        if not files:
            name_broken(_shown(SHIPPED) + "/", [
                BrokenFile(path=_shown(path), place=_shown(path), reason=reason) for path, reason in faults.items()])

    def load(self, path: Path, library: str, *, shipped: bool) -> str:
        """Load one file; returns what of it could not be. Raises OSError or ValueError when it is nothing."""
        key = hashlib.sha256(library.encode() + path.read_bytes()).hexdigest()
        step = f"loading {path.name}"
        if shipped and Prepared.is_done(step, key):
            return ""
        report = load_results(read_results(path), name=path.name)
        self.stdout.write(f"{path.name}: {report.added} runs loaded, {report.skipped} already known")
        steps = [(step, key)] if shipped and not report.rejects else []
        if report.added or report.arena in self.loaded:
            self.loaded.setdefault(report.arena, []).extend(steps)
        else:
            for name, value in steps:
                Prepared.done(name, value)
        more = len(report.rejects) - NAMED
        return "; ".join(report.rejects[:NAMED]) + (f"; and {more} more" if more > 0 else "")


def _shown(path: Path) -> str:
    return path.relative_to(settings.BASE_DIR).as_posix() if path.is_relative_to(settings.BASE_DIR) else str(path)
