"""Fewer rows of a table: by words, tier, fidelity, year, and a bound on one column. What the numbers say stays.

Tiers, ranks and corrected p are those among all methods of the table; choosing methods (`methods=`) is what computes
them anew. One narrowing serves the page, the API and every export, as it is a part of the table's state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from evaluations.arithmetic import rounding
from evaluations.tables.build import TableError
from evaluations.tables.table import Row, Table

MOST_TIER = 99


@dataclass(frozen=True)
class Narrowing:
    """Which rows to keep; whatever is empty keeps all.

    `tier` is the highest of the first metric, `year` the earliest; with `most_of`, a row's value in that column must be
    at most `most`. A row without the value asked about goes.
    """

    q: str = ""
    tier: str = ""
    fidelity: tuple[str, ...] = ()
    year: str = ""
    most_of: str = ""
    most: str = ""

    def __bool__(self) -> bool:
        return self != Narrowing()

    def of(self, table: Table) -> Table:
        """The table with the rows that fit, and with differences the row they are to. Raises TableError for a number
        or a column that is none."""
        tests, said = self._tests(table)
        if not tests:
            return table
        fit = {row.method for row in table.rows if all(test(row) for test in tests)}
        narrowed = f"{len(fit)} of {len(table.rows)} methods: {', '.join(said)}"
        if fit and table.differences and table.against not in fit:
            fit.add(table.against)
            narrowed += f"; and {table.against}, which differences are to"
        return replace(table, rows=tuple(row for row in table.rows if row.method in fit), narrowed=narrowed)

    def _tests(self, table: Table) -> tuple[list[Callable[[Row], bool]], list[str]]:
        tests: list[Callable[[Row], bool]] = []
        said: list[str] = []
        if words := self.q.lower().split():
            tests.append(lambda row: all(word in f"{row.title} {row.method}".lower() for word in words))
            said.append(f"named “{self.q}”")
        if self.tier:
            highest, first = _whole("tier", self.tier, MOST_TIER), table.primary.key
            tests.append(lambda row: first in row.cells and (row.cells[first].tier or MOST_TIER + 1) <= highest)
            said.append(f"tier {highest} or better" if highest > 1 else "tier 1")
        if self.fidelity:
            tests.append(lambda row: row.fidelity in self.fidelity)
            said.append(" or ".join(self.fidelity))
        if self.year:
            first_year = _whole("year", self.year, 9999)
            tests.append(lambda row: (row.year or 0) >= first_year)
            said.append(f"{first_year} or later")
        if self.most_of and self.most:
            most, column = _number(self.most), next((c for c in table.columns if c.key == self.most_of), None)
            if column is None:
                raise TableError(f"there is no column {self.most_of} to bound; there are "
                                 f"{', '.join(c.key for c in table.columns)}")
            key = column.key
            tests.append(lambda row: key in row.cells and row.cells[key].mean <= most)
            unit = f" {column.unit}" if column.unit else ""
            bound = rounding.number(most, 0 if most == int(most) else 3)
            said.append(f"at most {bound}{unit} in {column.title.lower()}")
        return tests, said


def _whole(name: str, text: str, most: int) -> int:
    if not text.isdecimal() or len(text) > 6 or not 0 < int(text) <= most:
        raise TableError(f"{name} is a whole number from 1 to {most}, not {text[:40]!r}")
    return int(text)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < 1e300:
        raise TableError(f"“at most” takes a number, not {text[:40]!r}")
    return value
