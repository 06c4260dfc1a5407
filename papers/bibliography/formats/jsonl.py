"""JSON lines: one paper a line, with all that is known of it."""

import json
from collections.abc import Iterable, Iterator

from papers.bibliography.items import Item

TITLE, MEDIA_TYPE, EXTENSION = "JSON lines", "application/x-ndjson; charset=utf-8", "jsonl"

_IDS = {"openreview": "openreview", "acl": "acl", "pubmed": "pmid", "semanticscholar": "paperid", "corpus": "corpusid",
        "openalex": "openalex"}


def write(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield json.dumps({
            "key": item.key, "title": item.title, "authors": item.authors, "abstract": item.abstract, "year": item.year,
            "published_on": item.published_on and item.published_on.isoformat(), "venue": item.venue,
            "arxiv_id": item.arxiv_id or None, "doi": item.doi or None, "urls": item.urls,
            "ids": {_IDS[kind]: value for kind, value in item.identifiers if kind in _IDS},
            "status": "withdrawn" if item.withdrawn else None}, ensure_ascii=False) + "\n"
