"""Looking at all of the data: what is wrong with it, and how to mend that."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError

from config.backup.progress import Progress
from config.data_checks import database, files, runs, search
from config.data_checks.findings import Finding


def find_problems(progress: Progress) -> Iterator[Finding]:
    """Every fault and note, worst first. What depends on a damaged table is not looked at."""
    found = list(database.readable())
    yield from found
    if found:
        return
    try:
        yield from database.integrity()
        yield from database.lost_parents()
        yield from database.empty_tables()
        yield from files.kept_originals(progress)
        yield from files.unfinished_imports()
        yield from files.leftovers()
        yield from files.kept_code(progress)
        yield from files.unpacked_code()
        yield from search.words()
        yield from search.vectors(progress)
        yield from search.index()
        yield from runs.stuck_runs()
        yield from runs.runs_without_scores()
        yield from runs.verdicts()
    except DatabaseError as error:
        yield Finding("database", f"it cannot be read to the end: {error}", database.RESTORE)
