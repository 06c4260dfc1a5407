"""What every digest format yields: records, rejects and notes, and the cleaning they share."""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from email.utils import parsedate_to_datetime

from papers.digests.identifiers import find_identifiers
from papers.digests.latex import plain
from papers.digests.titles import title_key
from papers.digests.venues import clean_venue

TITLE_LIMIT = 1000  # characters; longer is not a title
ABSTRACT_LIMIT = 100_000
ENTRIES_LIMIT = 100_000  # papers and rejects of one digest

_ARXIV_NEW = r"(?:0[7-9]|[1-9]\d)(?:0[1-9]|1[0-2])\.\d{4,5}"
_ARXIV_OLD = r"[a-z]+(?:-[a-z]+)*(?:\.[A-Z]{2})?/\d{7}"
_ARXIV_ID = re.compile(rf"({_ARXIV_NEW}|{_ARXIV_OLD})(?:v\d+)?")
_ARXIV_NAMED = re.compile(rf"(?:\b(?:arxiv|corr)\b[:.,/\s]*|\babs/|\bpdf/)({_ARXIV_NEW}|{_ARXIV_OLD})(?!\d)", re.I)
_SUBJECT_CLASS = re.compile(r"\.[A-Z]{2}(?=/)")  # math.GT/0309136 is math/0309136
_ARXIV_PREFIX = re.compile(
    r"^(?:https?://)?(?:www\.|export\.)?(?:arxiv\.org/(?:abs|pdf|html|format)/|ar5iv\.org/abs/|"
    r"huggingface\.co/papers/|alphaxiv\.org/abs/|oai:arxiv\.org:|(?:https?://)?(?:dx\.)?doi\.org/10\.48550/arxiv\.|"
    r"10\.48550/arxiv\.|arxiv:\s*)", re.I)
_ARXIV_IN_TEXT = re.compile(rf"\barxiv:\s*({_ARXIV_NEW}|{_ARXIV_OLD})(?:v\d+)?(?!\d)", re.I)
_CLOSING = {")": "(", "]": "[", "}": "{", ">": "<"}
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_URL = re.compile(r"https?://[^\s<>\"'`\\{}|^]+", re.I)
_BARE_HOST = re.compile(r"(?<![\w/.@:-])(?:github\.com|gitlab\.com|huggingface\.co|arxiv\.org/abs|arxiv\.org/pdf)"
                        r"/[\w./~%#?=&-]+", re.I)
_WITHDRAWN = re.compile(
    r"(?:this|the|our) (?:\w+ )?(?:has been|have been|was|is) (?:(?:now|currently|temporarily|hereby|being) )?"
    r"(?:withdrawn|retracted)\b|the authors? ha(?:s|ve) withdrawn\b"
    r"|(?:paper |submission |article )?(?:withdrawn|retracted)(?=\s*(?:[.:;,(]|by\b|due\b|because\b|$))", re.I)
_KEPT_CONTROLS = {"\t", "\n", "\u200c", "\u200d"}  # the joiners carry meaning in Persian and in emoji


@dataclass(frozen=True, slots=True)
class Reported:
    """A number that a list of results reports for a paper: as it is written there, sign and unit included."""

    task: str
    dataset: str
    metric: str
    value: str
    model: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One paper as a digest lists it. `position` counts from 1 in the order of the digest."""

    position: int
    line: int | None
    title: str
    abstract: str = ""
    arxiv_id: str | None = None
    doi: str | None = None
    year: int | None = None
    published_on: date | None = None
    authors: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    described: bool = False  # the abstract is somebody's description, which the paper's own abstract replaces
    withdrawn: bool = False  # its abstract or its comment begins by saying so
    identifiers: tuple[tuple[str, str], ...] = ()  # (kind, value) on further sites, see `identifiers.py`
    source: str = ""  # what kind of source said so, where it is another than its format's (see papers.identity.sources)
    venue: str = ""  # journal, conference or book
    reported: tuple[Reported, ...] = ()  # numbers that a table of results gives the paper

    @property
    def title_key(self) -> str:
        return title_key(self.title)


@dataclass(frozen=True, slots=True)
class Reject:
    """A part that could not be read: where, why, and how it begins."""

    line: int | None
    reason: str
    excerpt: str = ""


@dataclass(slots=True)
class Parsed:
    """The outcome of reading one digest."""

    format: str
    records: list[Record] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    headings: tuple[str, ...] = ()  # of a table
    columns: dict[str, str] = field(default_factory=dict)  # field: heading, as the table was read
    guessed: bool = False  # nothing but its shape says that it lists papers: refused when most are only a title

    def add(self, *, line: int | None, title, excerpt: str = "", **fields) -> None:
        """Append the record, or a reject that says what is wrong with it."""
        self._check_room(line)
        try:
            self.records.append(build_record(position=len(self.records) + 1, line=line, title=title, **fields))
        except ValueError as error:
            self.reject(line, str(error), excerpt or (title if isinstance(title, str) else ""))

    def take(self, record: Record) -> None:
        """Append a record that another part of the digest yielded."""
        self._check_room(record.line)
        self.records.append(replace(record, position=len(self.records) + 1))

    def reject(self, line: int | None, reason: str, text: str = "") -> None:
        self._check_room(line)
        excerpt = single_line(text[:1000])
        self.rejects.append(Reject(line, reason, excerpt if len(excerpt) <= 160 else excerpt[:159] + "…"))

    def _check_room(self, line: int | None) -> None:
        if len(self.records) + len(self.rejects) >= ENTRIES_LIMIT:
            self.rejects.append(Reject(line, f"from here on nothing is read: a digest holds at most {ENTRIES_LIMIT:,} "
                                             "entries; split the file"))
            raise Full(self)


class Full(Exception):
    """The digest has as many entries as one may have; `parsed` holds them, and a reject that says where it stopped."""

    def __init__(self, parsed: Parsed):
        super().__init__("too many entries")
        self.parsed = parsed


class DigestError(ValueError):
    """A digest nothing could be read from. The message names the file; `rejects` say more where there is more."""

    def __init__(self, message: str, rejects: tuple[Reject, ...] = ()):
        super().__init__(message)
        self.rejects = rejects


class NothingListed(DigestError):
    """A digest that was read well and lists no paper, as a feed on a day without announcements."""


def build_record(*, position: int, line: int | None, title, abstract="", arxiv_id=None, doi=None, year=None,
                 published_on=None, authors=(), urls=(), described=False, comment="",
                 withdrawn=False, identifiers=(), source="", venue="", reported=()) -> Record:
    """A cleaned record. Raises ValueError with a reason when the title is missing or is none.

    `comment` is what the authors wrote beside it: its links are kept, and whether it says that the paper is withdrawn,
    as `withdrawn` says where a field does.
    """
    if not isinstance(title, str) or not (title := single_line(title)):
        raise ValueError("no title")
    if len(title) > 4 * TITLE_LIMIT:
        raise ValueError(f"title of {len(title)} characters, at most {TITLE_LIMIT} are read")
    title = single_line(plain(title)) or title
    if len(title) > TITLE_LIMIT:
        raise ValueError(f"title of {len(title)} characters, at most {TITLE_LIMIT} are read")
    if not any(ch.isalnum() for ch in title):
        raise ValueError("title without a letter or digit")
    abstract = single_line(abstract) if isinstance(abstract, str) else ""
    if len(abstract) > ABSTRACT_LIMIT:
        raise ValueError(f"abstract of {len(abstract)} characters, at most {ABSTRACT_LIMIT} are read")
    comment = single_line(comment[:10_000]) if isinstance(comment, str) else ""
    doi = doi if isinstance(doi, str) else None
    arxiv_id = normal_arxiv_id(arxiv_id) or normal_arxiv_id(doi)
    day = parse_date(published_on)
    links = dict.fromkeys(url for url in (clean_url(u) for u in urls) if url)
    further = dict.fromkeys([*identifiers, *find_identifiers(links, normal_doi(doi))])  # not those it only mentions
    links.update(dict.fromkeys(harvest_links(abstract) + harvest_links(comment)))
    return Record(
        position=position, line=line, title=title, abstract=abstract, arxiv_id=arxiv_id, doi=normal_doi(doi),
        year=_year(year) or (day.year if day else None) or arxiv_year(arxiv_id), published_on=day,
        authors=tuple(name for name in (single_line(str(a))[:200] for a in authors) if name), urls=tuple(links),
        described=bool(described and abstract), identifiers=tuple(further), source=source,
        venue=clean_venue(venue), reported=tuple(reported),
        withdrawn=bool(withdrawn or _WITHDRAWN.match(abstract[:200]) or _WITHDRAWN.match(comment[:200])))


def without_controls(text: str) -> str:
    """The text in NFC with control and invisible formatting characters taken out, line breaks as \\n."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for separator in "\x0b\x0c\x85\u2028\u2029":
        text = text.replace(separator, "\n")
    unseen = [ch for ch in set(text) - _KEPT_CONTROLS if unicodedata.category(ch) in ("Cc", "Cf", "Cs", "Co")]
    if unseen:
        text = text.translate(dict.fromkeys(map(ord, unseen)))
    return unicodedata.normalize("NFC", text)


def single_line(text: str) -> str:
    """The text without control characters, every run of whitespace one space."""
    if text.isascii() and text.isprintable():  # as most are: nothing to take out
        return " ".join(text.split())
    return " ".join(without_controls(text).split())


def normal_arxiv_id(value) -> str | None:
    """The bare arXiv id in an id, an `arXiv:` reference, an address or a DataCite DOI; None when it is none."""
    if not isinstance(value, str) or len(value) > 300:
        return None
    text = _ARXIV_PREFIX.sub("", value.strip())
    text = re.sub(r"(?:\.pdf)?(?:[?#].*)?$", "", text).rstrip("/")
    text = re.sub(r"\s*\[[\w.-]+\]$", "", text)
    match = _ARXIV_ID.fullmatch(text)
    return _SUBJECT_CLASS.sub("", match[1]) if match else None


def find_arxiv_id(text: str) -> str | None:
    """The first arXiv id that a short text names: `arXiv preprint arXiv:ID`, `abs/ID`, an address; None without one."""
    match = _ARXIV_NAMED.search(text[:1000])
    return normal_arxiv_id(match[1]) if match else None


def arxiv_year(arxiv_id: str | None) -> int | None:
    """The year of first submission, which the identifier spells out."""
    if not arxiv_id:
        return None
    two = int(arxiv_id.rpartition("/")[2][:2])
    return 1900 + two if "/" in arxiv_id and two > 90 else 2000 + two


def normal_doi(value) -> str | None:
    """The bare lower-case DOI; None when there is none or it is arXiv's own alias of an arXiv id."""
    match = _DOI.search(re.sub("%2f", "/", value[:1000], flags=re.I)) if isinstance(value, str) else None
    if not match:
        return None
    doi = match[0].rstrip(".,;").lower()
    while doi and doi[-1] in _CLOSING and doi.count(doi[-1]) > doi.count(_CLOSING[doi[-1]]):  # of the words around it
        doi = doi[:-1].rstrip(".,;")
    return None if doi.startswith("10.48550/arxiv.") or len(doi) > 200 else doi


def clean_url(value) -> str | None:
    """An http(s) address without trailing punctuation; None for anything else."""
    if not isinstance(value, str):
        return None
    match = _URL.match(value.strip())
    if not match or len(match[0]) > 1000:
        return None
    url = match[0].rstrip(".,;:!?*_")
    while url and url[-1] in ")]" and url.count(url[-1]) > url.count({")": "(", "]": "["}[url[-1]]):
        url = url[:-1].rstrip(".,;:!?")
    host = url.partition("://")[2].partition("/")[0]
    return url if "." in host else None


def harvest_links(text: str) -> list[str]:
    """Addresses and arXiv references in running text, as http(s) addresses in order of appearance."""
    if "/" not in text and ":" not in text:
        return []
    text = re.sub(r"(https?:)\s+//\s*", r"\1//", text, flags=re.I)  # a common slip of the copied text
    addresses = [(m.start(), clean_url(m[0])) for m in _URL.finditer(text)]
    addresses += [(m.start(), clean_url("https://" + m[0])) for m in _BARE_HOST.finditer(text)]
    addresses += [(m.start(), f"https://arxiv.org/abs/{m[1]}") for m in _ARXIV_IN_TEXT.finditer(text)]
    return list(dict.fromkeys(url for _, url in sorted(addresses, key=lambda pair: pair[0]) if url))


def parse_date(value) -> date | None:
    """A day from ISO 8601, RFC 2822 or yyyy/mm/dd text; None when it is not a whole date."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not value.strip():
        return None
    text = value[:100].strip()
    match = re.match(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?!\d)", text)
    try:
        return date(*map(int, match.groups())) if match else parsedate_to_datetime(text).date()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _year(value) -> int | None:
    match = re.match(r"\s*(\d{4})(?!\d)", str(value)) if isinstance(value, str | int) else None
    return int(match[1]) if match and 1600 <= int(match[1]) <= 2200 else None
