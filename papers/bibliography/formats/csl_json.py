"""CSL-JSON, as Zotero, pandoc and citation processors read it."""

import json
from collections.abc import Iterable, Iterator

from papers.bibliography.items import Item

TITLE, MEDIA_TYPE, EXTENSION = "CSL-JSON", "application/vnd.citationstyles.csl+json", "json"

_TYPES = {"conference": "paper-conference", "journal": "article-journal", "preprint": "article"}


def write(items: Iterable[Item]) -> Iterator[str]:
    lead = "[\n"
    for item in items:
        yield lead + json.dumps(csl(item), ensure_ascii=False)
        lead = ",\n"
    yield "[]\n" if lead == "[\n" else "\n]\n"


def csl(item: Item) -> dict:
    """The paper in the variables of citation styles."""
    day = item.published_on
    when = [day.year, day.month, day.day] if day else [item.year] if item.year else []
    further = {"pubmed": "PMID"}
    value = {
        "id": item.key, "type": _TYPES[item.kind], "title": item.title,
        "author": [{"family": name.family, "given": name.given, **({"suffix": name.suffix} if name.suffix else {})}
                   if name.given else {"literal": name.literal} for name in item.names],
        "container-title": item.venue, "issued": {"date-parts": [when]} if when else None, "DOI": item.doi,
        "publisher": "arXiv" if item.arxiv_id and item.kind == "preprint" else "",
        "number": f"arXiv:{item.arxiv_id}" if item.arxiv_id and item.kind == "preprint" else "",
        "eprint": item.arxiv_id, "URL": item.address, "links": list(item.urls[1:]), "abstract": item.abstract,
        **{further[kind]: number for kind, number in item.identifiers if kind in further}}
    return {name: content for name, content in value.items() if content}
