"""File formats of a table: each a file of this folder with TITLE, MEDIA_TYPE, EXTENSION and render(table) -> bytes."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from evaluations.tables.build import TableError
from evaluations.tables.table import Table


@cache
def formats() -> dict[str, ModuleType]:
    """Every format by name, the name being its file's."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    return {name: import_module(f"evaluations.tables.renderers.{name}") for name in names
            if name not in ("__init__", "registry")}


def render(table: Table, name: str) -> tuple[bytes, str, str]:
    """Contents, media type and file name of the table in a format. Raises TableError for a format there is not."""
    if name not in formats():
        raise TableError(f"there is no format {name}; there are {', '.join(formats())}")
    module = formats()[name]
    return module.render(table), module.MEDIA_TYPE, f"{table.file_stem}.{module.EXTENSION}"
