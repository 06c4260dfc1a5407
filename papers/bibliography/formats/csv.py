"""CSV for spreadsheets: text that would run as a formula is marked as text."""

import csv
import io
from collections.abc import Iterable, Iterator

from papers.bibliography.items import Item
from papers.formulas import neutralised

TITLE, MEDIA_TYPE, EXTENSION = "CSV", "text/csv; charset=utf-8", "csv"

_HEAD = ["Title", "Authors", "Year", "Date", "Venue", "arXiv ID", "DOI", "URLs", "Abstract", "Key"]


def write(items: Iterable[Item]) -> Iterator[str]:
    yield "\ufeff" + _row(_HEAD)  # the mark tells spreadsheets that it is UTF-8
    for item in items:
        yield _row([item.title, "; ".join(name.replace(";", ",") for name in item.authors), str(item.year or ""),
                    item.published_on.isoformat() if item.published_on else "", item.venue,
                    f"arXiv:{item.arxiv_id}" if item.arxiv_id else "",  # a bare one would lose its last zeros
                    item.doi, " ".join(item.urls), item.abstract, item.key])


def _row(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(map(neutralised, cells))
    return out.getvalue()
