"""What a backup holds: every table of every app but those named here, the kept files and the generated secret key.

A table is written row by row in the words of Django's own fields, so that it can be read into any database.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.state import StateApps

from papers.storage import ByteStore, originals

# Tables that are not in a backup, and why nothing is lost by that.
LEFT_OUT = {
    "evaluations.Worker": "workers say themselves that they are there",
    "evaluations.DeviceLease": "memory promised to runs that no worker holds after a restore",
    "workers.DiskUse": "what a disk is used for is added up every hour",
    "sessions.Session": "people log in again",
    "axes.AccessAttempt": "failed log-ins that are counted for minutes",
    "axes.AccessAttemptExpiration": "failed log-ins that are counted for minutes",
}

# Folders of kept files that are in a backup. What else lies in DATA_DIR is made again when it is asked for: the index
# (from the vectors), exported encoders, unpacked libraries (from the kept code), fetched data, the
# broker's messages (from the rows), uploads that were only previewed. Data of one's own are taken again by hand.
STORES: tuple[ByteStore, ...] = (originals,)

CHUNK = 2000  # rows fetched at a time


def label_of(model: type[models.Model]) -> str:
    return model._meta.label


def kept_models(apps: StateApps) -> list[type[models.Model]]:
    """The models whose tables belong in a backup, by label; `apps` as the migrations of that time describe them."""
    found = [model for model in apps.get_models(include_auto_created=True)
             if model._meta.managed and not model._meta.proxy and label_of(model) not in LEFT_OUT]
    return sorted(found, key=label_of)


def kept_fields(model: type[models.Model]) -> list[models.Field]:
    """The fields that have a column of their own which the database does not compute itself."""
    return [field for field in model._meta.concrete_fields if not field.generated]


def encoded_rows(rows: models.QuerySet) -> Iterator[bytes]:
    """Each row as a line of JSON: the values of `kept_fields` in their order, by primary key."""
    fields = kept_fields(rows.model)
    for row in rows.order_by("pk").iterator(chunk_size=CHUNK):
        values = [_encoded(field, row) for field in fields]
        yield json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"


def _encoded(field: models.Field, row: models.Model) -> Any:
    value = field.value_from_object(row)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return field.value_to_string(row)  # JSON fields give their value as it is


class RowReader:
    """Reads encoded rows for one database. `changed` counts texts that had a NUL character it cannot keep."""

    def __init__(self, model: type[models.Model], fields: list[str], connection: BaseDatabaseWrapper):
        by_column = {field.column: field for field in kept_fields(model)}
        self.fields = [by_column[name] for name in fields]
        self.connection = connection
        self.takes_nul = connection.vendor != "postgresql"
        self.changed = 0
        quote = connection.ops.quote_name
        columns = ", ".join(quote(name) for name in fields)
        holes = ", ".join(["%s"] * len(fields))
        self.insert = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({holes})"

    def row(self, line: bytes) -> list[Any]:
        """The row's values as the database takes them. Raises ValueError for a line that is no such row."""
        values = json.loads(line)
        if not isinstance(values, list) or len(values) != len(self.fields):
            raise ValueError(f"not a list of {len(self.fields)} values")
        if not self.takes_nul and b"\\u0000" in line:
            cleaned = without_nul(values)
            self.changed += cleaned != values
            values = cleaned
        return [field.get_db_prep_save(field.to_python(value), self.connection)
                for field, value in zip(self.fields, values, strict=True)]


def without_nul(value: Any) -> Any:
    """The value with every NUL character in its texts taken out."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [without_nul(part) for part in value]
    if isinstance(value, dict):
        return {without_nul(key): without_nul(part) for key, part in value.items()}
    return value
