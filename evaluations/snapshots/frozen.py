"""A table as plain data and back again: what a snapshot keeps.

Every rendering of a thawed table is byte for byte that of the table that was frozen. Data written by an older
version of the code is read as long as fields added since have defaults.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from evaluations.arithmetic.statistics import Contrast, Standing
from evaluations.tables.table import Cell, Column, Facts, Row, Table


def freeze(table: Table) -> dict[str, Any]:
    """The whole table as data that survives JSON. What only variants have is left out of other rows, so that a table
    frozen before there were any has the same content today."""
    data = json.loads(json.dumps(asdict(table), default=_plain, allow_nan=False))
    for row in data["rows"]:
        if not row["params"]:
            del row["params"]
    return data


def thaw(data: Mapping[str, Any]) -> Table:
    """The table that `freeze` was given."""
    return _make(Table, data, columns=tuple(_make(Column, each) for each in data["columns"]),
                 rows=tuple(_row(each) for each in data["rows"]), facts=_facts(data["facts"]))


def content_key(*parts: Any) -> str:
    """A short name made of the content: the same for equal content, whatever database it went through."""
    text = json.dumps(_canonical(list(parts)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _plain(value: Any):
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "item"):  # a NumPy number
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be kept in a snapshot")


def _canonical(value: Any) -> Any:
    """Numbers as floats, so that a database which stores 1e16 as an integer changes nothing."""
    if isinstance(value, Mapping):
        return {str(key): _canonical(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _row(data: Mapping[str, Any]) -> Row:
    return _make(Row, data, cells={key: _cell(each) for key, each in data["cells"].items()},
                 missing=tuple(data["missing"]), reported=tuple(data.get("reported", ())))


def _cell(data: Mapping[str, Any]) -> Cell:
    return _make(Cell, data, by_seed={int(seed): value for seed, value in data["by_seed"].items()},
                 collapsed=tuple(data.get("collapsed", ())),
                 standing=_make(Standing, data["standing"]) if data["standing"] else None,
                 difference=_make(Contrast, data["difference"]) if data["difference"] else None)


def _facts(data: Mapping[str, Any]) -> Facts:
    listed = {name: tuple(data[name]) for name in ("settings", "seeds", "machines", "origins")}
    when = {name: datetime.fromisoformat(data[name]) if data[name] else None for name in ("first", "last")}
    return _make(Facts, data, **listed, **when)


def _make(cls, data: Mapping[str, Any], **made):
    known = {field.name for field in fields(cls)}
    return cls(**{name: value for name, value in {**data, **made}.items() if name in known})
