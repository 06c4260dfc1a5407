"""RIS, as reference managers read it. No value may begin a line of its own: each is on one."""

from collections.abc import Iterable, Iterator

from papers.bibliography.items import Item

TITLE, MEDIA_TYPE, EXTENSION = "RIS", "application/x-research-info-systems; charset=utf-8", "ris"

_TYPES = {"conference": "CPAPER", "journal": "JOUR", "preprint": "GEN"}


def write(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        day = item.published_on
        fields = [("TY", _TYPES[item.kind]), ("ID", item.key), ("TI", item.title),
                  *(("AU", name.sorted.replace(";", ",")) for name in item.names), ("T2", item.venue),
                  ("PY", str(item.year or "")), ("DA", day.strftime("%Y/%m/%d") if day else ""), ("DO", item.doi),
                  ("M3", f"arXiv:{item.arxiv_id}" if item.arxiv_id else ""), ("AB", item.abstract),
                  *(("UR", url) for url in item.urls)]
        yield "".join(f"{tag}  - {value}\r\n" for tag, value in fields if value) + "ER  - \r\n\r\n"
