"""References as a style writes them, by citeproc: one after the other in the order of the list, as plain text.

The styles in `styles/` are the Citation Style Language project's, CC BY-SA 3.0, unchanged; each names its authors.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from papers.bibliography.formats.csl_json import csl
from papers.bibliography.items import Item

MEDIA_TYPE, EXTENSION = "text/plain; charset=utf-8", "txt"
LIMIT = 1000  # references in one file: a style takes 3 to 30 ms for each

_FOLDER = Path(__file__).parent / "styles"


def references(items: Iterable[Item], style_name: str) -> Iterator[str]:
    """A reference a line; beyond LIMIT a last line says how to get the rest."""
    from citeproc import CitationStylesStyle  # where it is needed: it brings lxml

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of variables that a style knows and the processor does not
        style = CitationStylesStyle(str(_FOLDER / f"{style_name}.csl"), validate=False)
        for number, item in enumerate(items, 1):
            if number > LIMIT:
                yield f"… the first {LIMIT:,}; take BibTeX, RIS or CSL-JSON for a longer list.\n"
                return
            yield f"{_reference(style, item, number)}\n"


def _reference(style, item: Item, number: int) -> str:
    from citeproc import Citation, CitationItem, CitationStylesBibliography, formatter
    from citeproc.source.json import CiteProcJSON

    variables = {name: value for name, value in csl(item).items() if name not in ("abstract", "eprint", "links")}
    key = f"item{number}"
    bibliography = CitationStylesBibliography(style, CiteProcJSON([{**variables, "id": key}]), formatter.plain)
    bibliography.register(Citation([CitationItem(key)]))
    text = " ".join("".join(map(str, bibliography.bibliography()[0])).split())
    return re.sub(r"^\[1\]\s*", f"[{number}] ", text)
