"""A Markdown table, for a page, an issue or a note."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from papers.bibliography.items import Item

TITLE, MEDIA_TYPE, EXTENSION = "Markdown", "text/markdown; charset=utf-8", "md"

_CODE = re.compile(r"https?://(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)/", re.I)


def write(items: Iterable[Item]) -> Iterator[str]:
    yield "| Title | Authors | Venue | Year | arXiv | DOI | Code |\n|---|---|---|---|---|---|---|\n"
    for item in items:
        title = f"[{_plain(item.title)}]({_address(item.address)})" if item.address else _plain(item.title)
        arxiv = f"[{item.arxiv_id}](https://arxiv.org/abs/{item.arxiv_id})" if item.arxiv_id else ""
        doi = f"[{_plain(item.doi)}]({_address(f'https://doi.org/{item.doi}')})" if item.doi else ""
        code = " ".join(f"[code]({_address(url)})" for url in item.urls if _CODE.match(url))
        cells = [title, "; ".join(_plain(name.replace(";", ",")) for name in item.authors), _plain(item.venue),
                 str(item.year or ""), arxiv, doi, code]
        yield f"| {' | '.join(cells)} |\n"


def _plain(text: str) -> str:
    """The text with every sign escaped that Markdown or HTML would read."""
    return re.sub(r"([\\`*_\[\]<>|~$&#!])", r"\\\1", text)


def _address(url: str) -> str:
    return quote(url, safe=":/?#@!$&'*+,;=%[]~._-").replace("[", "%5B").replace("]", "%5D")
