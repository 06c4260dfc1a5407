"""JSON and JSONL: records with the usual field names, in lists, in objects that hold lists, one a line, or one alone.

The text is walked value by value, so that every record has its line, several lists in one file are all read, and a
broken element is rejected by its line while what stands before and after it stays.
"""

import json
import re

from papers.digests.formats import _json_fields as fields
from papers.digests.records import Parsed
from papers.digests.source import Source

NAME = "JSON"

_LISTS = ("papers", "entries", "results", "records", "items", "articles", "works", "data", "hits", "rows", "notes")
_NO_PAPERS = ("meta", "channel", "feed", "query", "request", "error", "schema", "links", "journal", "venue", "source")
_BROKEN_LIMIT = 1000  # faults in one file, after which it is given up
_WALKED = 14  # levels of lists and objects walked by place; what lies deeper is read without its line
_ANYTHING = re.compile(r"[^\s,]")
_HOLDS = re.compile(r'"(\w+)"\s*:\s*\[\s*\{')
_OF_ONE_PAPER = re.compile(r'"(?:\w*title|abstract|summary|authors?)"\s*:')
_RESUME = re.compile(r"\n[ \t]*(?=[\[{])|[}\]][ \t\n]*,[ \t\n]*(?=\{)")


def _object(pairs: list[tuple[str, object]]) -> dict:
    """The object; where it names two titles, the earlier ones under a name of their own."""
    value = dict(pairs)
    if len(value) != len(pairs) and len(titles := [inner for name, inner in pairs if name == "title"]) > 1:
        value[_EARLIER_TITLES] = titles[:-1]
    return value


_EARLIER_TITLES = "\0titles"
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=str,  # an arXiv id written as a number keeps its last zero
    parse_int=lambda digits: int(digits) if len(digits) < 19 else digits)


def sniff(source: Source) -> float:
    return 0.9 if re.match(r"\{\s*[\"}]|\[\s*[\[{\]]", source.head) else 0.0


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME)
    _Walk(source, parsed).everything()
    return parsed


class _Walk:
    """Reads each value where it stands. Every method takes the place of a value and returns where it ends."""

    def __init__(self, source: Source, parsed: Parsed):
        self.text, self.parsed = source.text, parsed
        self.year, self.venue = fields.year_of_file(source.name), fields.venue_of_file(source.name)
        self.within: dict[str, str] = {}  # the task and the dataset of the results being read
        self._line = (0, 1)  # a place and its line
        self.faults = 0

    def everything(self) -> None:
        at, values = self._next(0), 0
        while at < len(self.text):
            values += 1
            if values == 2:
                self.parsed.format = "JSONL"
            at = self._next(self._value(at, 0, expected=True) if self.text[at] in "[{" else self._garbage(at))

    def _value(self, at: int, depth: int, expected: bool, key: str = "") -> int:
        """A list or an object. `expected` says that an object without a title is a reject and not some other data."""
        if self.text[at] == "[" and depth < _WALKED:
            return self._list(at, depth)
        try:
            value, end = self._decode(at)
        except _Broken as broken:
            return self._broken(at, broken, depth)
        if isinstance(value, list) or depth >= _WALKED:
            for record in _records(value):
                self._add(record, at, end)
            return end
        is_record = fields.is_record(value) and (key.lower() not in _NO_PAPERS or fields.says_more(value))
        listed = any(isinstance(value.get(name), list) and _holds_records(value[name]) for name in _LISTS)
        if is_record and (not listed or fields.says_more(value)):
            self._add(value, at, end)
        if listed or not is_record:
            if _holds_records(list(value.values())):
                around = self.within
                self.within = {**around, **{name: text for name in ("task", "dataset")
                                            if isinstance(text := value.get(name), str)}}
                end = self._members(at, depth)
                self.within = around
                return end
            if not is_record and not self._table_rows(value, at) and expected and not _is_empty(value):
                if said := fields.fault_of(value):
                    self.parsed.reject(self._at(at), f"no paper but an answer that says “{said}”", self.text[at:end])
                else:
                    self._add(value, at, end)  # which says what is missing
        return end

    def _list(self, at: int, depth: int) -> int:
        start, at = at, self._next(at + 1)
        while at < len(self.text) and self.text[at] != "]":
            if self.text[at] in "[{":
                at = self._next(self._value(at, depth + 1, expected=True))
                continue
            try:
                value, end = self._decode(at)
                kind = "text" if isinstance(value, str) else type(value).__name__
                self.parsed.reject(self._at(at), f"expected an object with a title, found {kind}",
                                   self.text[at:min(end, at + 300)])
            except _Broken:
                end = self._fault(at)
            at = self._next(end)
        if at >= len(self.text):
            self.parsed.notes.append(f"the list of line {self._at(start)} is not closed: the file seems cut off")
        return at + 1

    def _members(self, at: int, depth: int) -> int:
        """An object that holds records in some of its members."""
        at = self._next(at + 1)
        while at < len(self.text) and self.text[at] != "}":
            try:
                key, end = self._decode(at)
                colon = self._next(end)
                if not isinstance(key, str) or self.text[colon:colon + 1] != ":":
                    raise _Broken("expected a name and a colon", colon)
                start = self._next(colon + 1)
                if self.text[start:start + 1] in ("[", "{"):
                    end = self._member(key, start, depth + 1)
                else:
                    end = self._decode(start)[1]
            except _Broken:
                end = self._fault(at)
            at = self._next(end)
        return at + 1

    def _member(self, key: str, at: int, depth: int) -> int:
        if self.text[at] == "[":
            try:
                value, end = self._decode(at)
            except _Broken:
                return self._value(at, depth, expected=True)
            named = key in _LISTS and any(isinstance(member, dict) for member in value)
            if not named and not _holds_records(value):
                return end
        return self._value(at, depth, expected=False, key=key)

    def _broken(self, at: int, broken: "_Broken", depth: int) -> int:
        """An object with a fault: the lists in it are read as far as they go, else it is a reject."""
        self.faults += 20 if broken.deep else 1
        if self.text[at] == "{" and depth < _WALKED and self.faults < _BROKEN_LIMIT and (
                held := _HOLDS.search(self.text, at, broken.at)) and (
                held[1] in _LISTS or not _OF_ONE_PAPER.search(self.text, at, held.end())):
            return self._members(at, depth)
        after = max(broken.at, at + 1)
        line = self.text.rfind("\n", at + 1, after)
        if line >= 0 and not self.text[line:after].strip():  # what is broken is that the next line begins anew
            after = line
        resume = _RESUME.search(self.text, after) if self.faults < _BROKEN_LIMIT else None
        end = resume.end() if resume else len(self.text)
        self.parsed.reject(self._at(at), f"broken JSON: {broken} (line {self._at(broken.at)}); " + (
            f"read again from line {self._at(end)} on" if resume else "nothing is read from here on"),
                           self.text[at:at + 300])
        return end

    def _fault(self, at: int) -> int:
        self.faults += 1
        if self.faults < _BROKEN_LIMIT:
            return self._garbage(at)
        self.parsed.reject(self._at(at), "broken JSON, nothing is read from here on", self.text[at:at + 300])
        return len(self.text)

    def _garbage(self, at: int) -> int:
        """Text that is no JSON, up to its line's end or to what may be JSON again."""
        newline = self.text.find("\n", at)
        line_end = newline if newline >= 0 else len(self.text)
        resume = _RESUME.search(self.text, at, line_end)
        end = max(resume.end() if resume else line_end, at + 1)
        if any(map(str.isalnum, self.text[at:end])):
            self.parsed.reject(self._at(at), "not a JSON record", self.text[at:min(end, at + 300)])
        return end

    def _add(self, record: dict, at: int, end: int) -> None:
        for title in record.pop(_EARLIER_TITLES, ()):
            self.parsed.reject(self._at(at), "a second title in one record, not read", str(title)[:300])
        self.parsed.add(line=self._at(at), excerpt=self.text[at:min(end, at + 300)], **fields.read(
            record, self.year, venue=self.venue, task=self.within.get("task", ""),
            dataset=self.within.get("dataset", "")))

    def _table_rows(self, value: dict, at: int) -> bool:
        """Rows of a Markdown table under arXiv ids, as some daily lists keep them. False where there are none."""
        rows = [row for row in fields.table_rows(value)]
        for row in rows:
            self.parsed.add(line=self._at(at), **row)
        return bool(rows)

    def _decode(self, at: int):
        try:
            return _DECODER.raw_decode(self.text, at)
        except json.JSONDecodeError as error:
            raise _Broken(error.msg, min(max(error.pos, at), len(self.text))) from None
        except RecursionError:
            raise _Broken("nested too deeply", at, deep=True) from None

    def _next(self, at: int) -> int:
        """Where the next thing begins after white space and commas; the text's end when nothing does."""
        thing = _ANYTHING.search(self.text, at)
        return thing.start() if thing else len(self.text)

    def _at(self, place: int) -> int:
        known, line = self._line
        line += self.text.count("\n", known, place) - self.text.count("\n", place, known)
        self._line = place, line
        return line


class _Broken(Exception):
    def __init__(self, message: str, at: int, deep: bool = False):
        super().__init__(message)
        self.at, self.deep = at, deep  # finding out that it is too deep costs more than other faults


def _records(value):
    """The records in decoded data, in order, those inside records left alone."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if fields.is_record(value):
                yield value
                continue
            value = list(value.values())
        if isinstance(value, list):
            waiting += reversed(value)


def _holds_records(value) -> bool:
    if next(_records(value), None) is not None:
        return True
    return isinstance(value, list) and any(isinstance(member, dict) and next(fields.table_rows(member), None)
                                           for member in value)


def _is_empty(value: dict) -> bool:
    """An answer that lists nothing: `{}`, or its lists are there and empty."""
    if not value:
        return True
    inner = [member for member in value.values() if isinstance(member, dict)]
    return any(value.get(name) == [] for name in (*_LISTS, "datasets")) or \
        any(member.get(name) == [] for member in inner for name in _LISTS)
