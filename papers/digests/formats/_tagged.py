"""Records of one tagged field after the other, each from its line on: RIS, MEDLINE, RefWorks and their like."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from papers.digests.records import Parsed

_COUNTER = re.compile(r"\W*(?:(?:record|reference|result|item)\W*)?\d+(?: of \d+)?\W*", re.I)  # "2.", "Record #2 of 9"

Reading = Callable[[str], tuple[str, str] | None]


@dataclass(slots=True)
class Entry:
    """The fields of one record, each tag with its values; a value is a list of lines."""

    line: int
    fields: dict[str, list[list[str]]] = field(default_factory=dict)

    def all(self, *tags: str) -> list[str]:
        """The values under the tags, each on one line, in the order of the tags."""
        return list(self._each(tags))

    def first(self, *tags: str) -> str:
        return next(self._each(tags), "")

    def _each(self, tags: tuple[str, ...]) -> Iterator[str]:
        values = (lines for tag in tags for lines in self.fields.get(tag, ()))
        return (text for lines in values if (text := " ".join(" ".join(lines).split())))

    def lines(self, *tags: str) -> list[str]:
        """The lines of all values under the tags: one person each, in some formats."""
        return [line.strip() for tag in tags for lines in self.fields.get(tag, ()) for line in lines if line.strip()]


@dataclass(frozen=True, slots=True)
class Shape:
    """How a format writes: `read` gives a line's tag and value, None for one that goes on with the field before it.

    A record begins with a field of `begins`; without any in the file, after each blank line. `ends` closes it.
    """

    read: Reading
    begins: frozenset[str]
    ends: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()  # a record without its first field is one all the same if it has a title
    furniture: frozenset[str] = frozenset()  # fields of the file, not of a record
    short: frozenset[str] = frozenset()  # fields that never go on in a second line
    inside: re.Pattern[str] | None = None  # a title's tag, which has no business inside a line


def entries(text: str, shape: Shape, parsed: Parsed) -> Iterator[Entry]:
    """The records in order. Text outside any becomes a reject, before the first a note."""
    begins_marked = any(found and found[0] in shape.begins for found in map(shape.read, text.split("\n")))
    entry: Entry | None = None
    begun = False  # by its proper first field
    last: list[str] | None = None
    tag = ""
    outside = _Outside(parsed, shape)
    for number, line in enumerate(text.split("\n"), 1):
        found = shape.read(line)
        if found is None:
            if not line.strip():
                if entry and not begins_marked:
                    yield entry
                    entry = last = None
                continue
            if last is not None and tag in shape.short:
                parsed.reject(number, f"a line that begins with no tag, after the field {tag}, not read", line)
            elif last is not None:
                last.append(line.strip())
                _check_inside(shape, number, line, parsed)
            else:
                outside.add(number, line)
            continue
        tag, value = found
        if tag in shape.furniture:
            last = None
            continue
        if tag in shape.ends:
            if entry:
                yield entry
            entry, begun, last = None, False, None
            continue
        outside.close()
        if tag in shape.begins and entry and (begun or shape.titles & entry.fields.keys()):
            yield entry
            entry = None
        if entry is None:
            entry, begun = Entry(number), False
        begun = begun or tag in shape.begins
        if tag in shape.titles and value and tag in entry.fields and value != entry.fields[tag][0][0]:
            parsed.reject(number, f"a second title in the record from line {entry.line} on, not read: "
                                  "is the first field of a record missing?", value)
        last = [value]
        _check_inside(shape, number, value, parsed)
        entry.fields.setdefault(tag, []).append(last)
    outside.close()
    if entry:
        yield entry


def _check_inside(shape: Shape, number: int, text: str, parsed: Parsed) -> None:
    if shape.inside and (found := shape.inside.search(text)):
        parsed.reject(number, "a title's tag inside another field: is a line break missing?", text[found.start():])


class _Outside:
    """Lines that belong to no record, told once a stretch."""

    def __init__(self, parsed: Parsed, shape: Shape):
        self.parsed, self.shape = parsed, shape
        self.held: tuple[int, str, int] | None = None
        self.first = True

    def add(self, number: int, line: str) -> None:
        if any(map(str.isalnum, line)) and not _COUNTER.fullmatch(line.strip()[:60]):
            self.held = (self.held[0], self.held[1], number) if self.held else (number, line, number)

    def close(self) -> None:
        if self.held:
            start, line, end = self.held
            where = f"line {start}" if start == end else f"lines {start} to {end}"
            if self.first and end - start < 10 and not (self.shape.inside and self.shape.inside.search(line)):
                self.parsed.notes.append(f"{where}, before the first record, passed over: {line.strip()[:80]}")
            else:
                self.parsed.reject(start, f"text outside any record ({where}), not read", line)
        self.held, self.first = None, False


def by_pattern(pattern: str) -> Reading:
    """Reads lines whose first group is the tag and whose second, if there, is the value."""
    shape = re.compile(pattern)

    def read(line: str) -> tuple[str, str] | None:
        found = shape.match(line)
        return (found[1], (found[2] or "").strip()) if found else None
    return read
