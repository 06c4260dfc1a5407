"""Formats of lists of papers: each a file of `formats/` with TITLE, MEDIA_TYPE, EXTENSION and write(items).

`write` takes `Item`s one after the other and yields text as it goes, so that a list of any length is held nowhere.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType

from papers.bibliography import formats as folder
from papers.bibliography.items import Papers, items


class NoSuchFormat(ValueError):
    """Names the formats there are."""


@cache
def formats() -> dict[str, ModuleType]:
    """Every format by name, the name being its file's."""
    return {found.name: import_module(f"{folder.__name__}.{found.name}") for found in pkgutil.iter_modules(
        folder.__path__) if not found.name.startswith("_")}


def format_named(name: str) -> ModuleType:
    if name not in formats():
        raise NoSuchFormat(f"there is no format {name[:100]}; there are {', '.join(formats())}")
    return formats()[name]


def written(papers: Papers, name: str) -> Iterator[str]:
    """The bibliography of exactly these papers, piece by piece. Raises NoSuchFormat at once."""
    return format_named(name).write(items(papers))
