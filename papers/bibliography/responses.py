"""Bibliographies as downloads: what pages and the API answer with, and the menu that offers them."""

from __future__ import annotations

from typing import Annotated

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from ninja import Field

from papers.bibliography.items import Papers
from papers.bibliography.registry import format_named, formats, written

Format = Annotated[str, Field(description="one of: bibtex, ris, csl_json, csv, jsonl, markdown, or a style of "
                              "references: apa, chicago, harvard, ieee", max_length=40)]


def download(papers: Papers, name: str, stem: str = "papers") -> StreamingHttpResponse:
    """The papers as a file, streamed. Raises NoSuchFormat."""
    module = format_named(name)
    return StreamingHttpResponse(written(papers, name), content_type=module.MEDIA_TYPE, headers={
        "Content-Disposition": content_disposition_header(True, f"{stem}.{module.EXTENSION}") or "",
        "X-Content-Type-Options": "nosniff"})


def menu(address: str, query: str = "") -> list[tuple[str, str]]:
    """(title, address) of each format, for a list whose bibliography is at the address under the query."""
    lead = f"{address}?{query}&" if query else f"{address}?"
    return [(module.TITLE, f"{lead}format={name}") for name, module in formats().items()]
