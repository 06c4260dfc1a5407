"""What a look at the data says: each fault in words, with the command that mends it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import models

from config.backup.contents import encoded_rows, kept_fields
from config.backup.taking import stamp

MEND = "manage.py check_data --mend"


@dataclass(frozen=True)
class Finding:
    """One fault. `mend` does what is safe and says what it did; None where a person must decide.

    A `note` is no fault: something that is normal for a while, or left over.
    """

    check: str
    text: str
    how: str
    mend: Callable[[], str] | None = None
    note: bool = False

    def as_dict(self) -> dict[str, str | bool]:
        return {"check": self.check, "text": self.text, "how": self.how, "mendable": self.mend is not None,
                "note": self.note}


def set_aside_folder() -> Path:
    folder = Path(settings.DATA_DIR) / "set-aside"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def set_file_aside(path: Path) -> str:
    """Move a file out of the way without losing it."""
    there = set_aside_folder() / f"{path.parent.name}-{path.name}-{stamp()}"
    os.replace(path, there)
    return f"moved to {there}"


def set_rows_aside(model: type[models.Model], pks: Iterable) -> str:
    """Write the rows to a file as a backup would, then delete them and what hangs on them."""
    pks = list(pks)
    rows = model._base_manager.filter(pk__in=pks)
    there = set_aside_folder() / f"{model._meta.label}-{stamp()}.jsonl"
    with open(there, "ab", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(json.dumps([field.column for field in kept_fields(model)]).encode() + b"\n")
        file.writelines(encoded_rows(rows))
    rows.delete()
    return f"{len(pks)} rows written to {there} and removed"


def named(things: Iterable, limit: int = 5) -> str:
    """The first few, and how many more there are."""
    things = [str(thing) for thing in things]
    more = f" and {len(things) - limit} more" if len(things) > limit else ""
    return ", ".join(things[:limit]) + more
