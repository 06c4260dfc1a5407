"""References in the style IEEE."""

from collections.abc import Iterable, Iterator

from papers.bibliography.formats._references import EXTENSION, MEDIA_TYPE, references
from papers.bibliography.items import Item

__all__ = ["EXTENSION", "MEDIA_TYPE", "TITLE", "write"]

TITLE = "References, IEEE"


def write(items: Iterable[Item]) -> Iterator[str]:
    return references(items, "ieee")
