"""A figure: one object of which the drawing on a page, its files and the table behind it are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from evaluations.tables.table import Field


class FigureError(ValueError):
    """The figure asked for cannot be drawn; the message says why."""


class NothingToDraw(FigureError):
    """There is such a figure, but too little is measured for it."""


@dataclass(frozen=True)
class Figure:
    """`plot` is its geometry for the template of this name; `records` hold every number in it, in full precision, and
    `hrefs` where each of them leads. `path` and `query` are its address, "" for a figure that has none of its own."""

    kind: str
    title: str
    description: str  # what it shows, for those who do not see it
    caption: str  # how to read it
    template: str
    plot: Any
    fields: tuple[Field, ...]
    records: tuple[Mapping[str, Any], ...]
    hrefs: tuple[str, ...] = ()
    path: str = ""
    query: str = ""
    key: str = ""  # tells several figures of one kind on a page apart
    shown: tuple[Mapping[str, Any], ...] = ()  # what the table behind it shows, where not every record

    @property
    def id(self) -> str:
        return f"figure-{self.kind}{f'-{self.key}' if self.key else ''}"

    @property
    def linked(self) -> bool:
        """Whether marks are links."""
        return self.template == "forest" or any(self.hrefs)

    @property
    def drawing(self) -> SafeString:
        """The SVG in the page's colours."""
        return render_to_string(f"evaluations/figures/svg/{self.template}.html", {"figure": self, "plot": self.plot})

    def address(self, form: str) -> str:
        """Of one of its files, or with "" of its page."""
        end = f".{form}" if form else "/"
        return f"{self.path}{end}{f'?{self.query}' if self.query else ''}"

    @property
    def files(self) -> list[tuple[str, str]]:
        return [(form.upper(), self.address(form)) for form in ("svg", "png", "csv")] if self.path else []

    @property
    def page(self) -> str:
        return self.address("") if self.path else ""

    @property
    def head(self) -> list[tuple[str, bool]]:
        """Headings of the table behind it, and whether they stand over numbers."""
        return [(field.title, field.type in (int, float)) for field in self.fields]

    @property
    def lines(self) -> list[tuple[str, list[tuple[str, bool]]]]:
        """Where a row leads, and its cells as people read them."""
        records = self.shown or self.records
        hrefs = self.hrefs or ("",) * len(records)
        return [(href, [(_text(record[field.name]), field.type in (int, float)) for field in self.fields])
                for href, record in zip(hrefs, records, strict=True)]


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return str(value)
