"""Take a data set of one's own in place of a pinned one."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from django.utils import timezone

from methods.kit.engine import own_data
from methods.kit.engine.own_data import OwnData
from methods.kit.stage.sources import SOURCES
from methods.own_sets.forms import FORMS, Columns, Taken
from methods.own_sets.opening import OwnDataError, opened


def take(source: str, place: str, *, title: str = "", licence: str = "", configuration: str = "",
         columns: Columns | None = None, few: bool = False, tell: Callable[[str], None] = lambda _: None,
         ) -> tuple[OwnData, Taken]:
    """Have the data at `place` stand in for that source at the scale `gpu`. Raises OwnDataError, and changes nothing.

    What is taken is copied: the place may go away afterwards.
    """
    if source not in FORMS:
        raise OwnDataError(f"nothing can stand in for {source}; it can for {', '.join(FORMS)}")
    making = own_data.folder(source) / ".taking"
    shutil.rmtree(making, ignore_errors=True)  # left by one that was killed
    making.mkdir(parents=True)
    try:
        with opened(place, configuration) as parts:
            for asked in filter(None, vars(columns).values()) if columns else ():
                for name, part in parts.items():
                    if asked not in part.features:
                        raise OwnDataError(f"{name} has no column {asked}; it has {', '.join(part.features)}")
            taken = FORMS[source].write(parts, columns or Columns(), making, few, tell)
        if not taken.rows:
            raise OwnDataError(f"{place} has nothing that can be read")
        own = OwnData(source, title or f"{place.rstrip('/').rsplit('/', 1)[-1]} in place of {SOURCES[source].title}",
                      _digest(making), taken.rows, place, licence or "licence not stated",
                      timezone.localdate().isoformat())
        if not own.path.exists():
            making.rename(own.path)
        own_data.keep(own)
    finally:
        shutil.rmtree(making, ignore_errors=True)
        if not any(own_data.folder(source).iterdir()):
            own_data.folder(source).rmdir()
    return own, taken


def _digest(folder: Path) -> str:
    """Of all that loaders read."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(f"{path.name}\0".encode())
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
