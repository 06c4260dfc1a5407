"""The fields of a record under the names that sites and programs give them."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from papers.digests.identifiers import named_identifiers
from papers.digests.latex import latex_to_text, plain
from papers.digests.names import given_first, split_names
from papers.digests.records import Reported, normal_arxiv_id, single_line
from papers.digests.venues import clean_venue, known_initials

_TITLES = ("title", "paper_title", "display_name", "titles")
_INNER = ("paper", "citingPaper", "citedPaper", "content", "attributes", "metadata", "info", "bib", "_source", "work")
_ABSTRACTS = ("abstract", "summary", "abstractText", "paperAbstract", "abstractNote", "abstracts")
_DESCRIPTIONS = ("description", "descriptions", "tldr", "TLDR", "short_abstract", "content_text",
                 "content_html")  # until there is an abstract
_ARXIV_FIELDS = ("arxiv_id", "arxivId", "arxiv", "paper_arxiv_id", "eprint", "id", "paper_id", "paperId", "entry_id",
                 "url", "URL", "url_abs", "pdf_url", "url_pdf", "link", "abs_url", "paper_url", "site", "pdf", "abs",
                 "paper_url_abs", "arxiv_url", "ee", "source_url")
_DATES = ("published_on", "published", "publishedAt", "published_at", "publication_date", "publicationDate", "date",
          "paper_date", "firstPublicationDate", "date_published", "submitted", "created", "update_date", "updated")
_DATE_PARTS = ("published", "published-online", "published-print", "issued", "posted")
_YEARS = ("year", "publication_year", "publicationYear", "pub_year", "pubYear")
_PEOPLE = ("authors", "author", "authorships", "creators", "creator", "authorString")
_URLS = ("url", "URL", "urls", "url_abs", "url_pdf", "pdf_url", "abs_url", "abs", "pdf", "link", "links", "site",
         "ee", "code", "code_url", "code_link", "code_links", "github", "githubRepo", "project", "projectPage",
         "project_page", "repo_url", "html_url", "paper_url", "paper_url_abs", "paper_url_pdf", "entry_id",
         "openreview", "arxiv_url", "conference_url_abs", "primary_location", "best_oa_location", "openAccessPdf",
         "resource", "official_code_url", "source_url")
_VENUES = ("venue", "journal", "journal_name", "journal_title", "journalTitle", "container-title", "container_title",
           "publicationTitle", "proceedingsTitle", "bookTitle", "proceeding", "proceedings", "booktitle", "conference",
           "conference_name", "conferenceName", "publicationVenue", "event", "event-title", "journal-ref",
           "journal_ref", "publication", "publication_info", "host_venue", "primary_location", "best_oa_location",
           "locations", "isPartOf", "journalInfo", "container")
_VENUE_NAMES = ("name", "display_name", "journal_title", "title", "value", "text", "raw")
_FAMILY_FIRST = re.compile(r"^(.+) ([A-Z]{1,4})\.?$")  # "Example AB", as Europe PMC has it
_HOMONYM = re.compile(r" 0\d{3}$")  # DBLP's number of one of several of a name
_TAG = re.compile(r"<(/?)(?:jats:)?(p|h[1-6]|title|sec|div|br|li|list|ul|ol|i|em|b|bold|strong|italic|sub|sup|scp?|tt|"
                  r"span|a|monospace|inline-formula|list-item)(?:\s[^<>]*)?/?>", re.I)
_LISTED_ROW = re.compile(r"- *(\d{4}-\d\d-\d\d), *\*\*(.+?)\*\*, *(.+?),? *(?:Paper|Code|$)")
_OF_A_CONFERENCE = re.compile(r"(?:^|[/\\])([a-z]{2,10})[._-]?((?:19|20)\d\d)\.jsonl?(?:\.gz)?(?: in .*)?$", re.I)
_SLANT = re.compile(r"</?(?:jats:)?(?:i|em|italic|sub|sup|scp)>", re.I)  # what Crossref keeps in titles
_HEADING = re.compile(r"<(?:jats:)?title[^<>]*>\s*abstract[:.]?\s*</(?:jats:)?title>", re.I)
_BLOCK_TAGS = set("p h1 h2 h3 h4 h5 h6 title sec div br li list ul ol list-item".split())


def is_record(value: dict) -> bool:
    """Whether the object is a paper: it has a title, or wraps one that has."""
    return bool(_title(value)) or any(isinstance(value.get(name), dict) and _title(value[name]) for name in _INNER)


def says_more(value: dict) -> bool:
    """Whether it says more of a paper than a title."""
    return any(value.get(name) for name in (*_ABSTRACTS, *_PEOPLE, *_INNER, "doi", "DOI", "abstract_inverted_index")) \
        or _arxiv_id(value) is not None


def fault_of(value: dict) -> str:
    """What the answer of a service says instead of papers; "" where it is none."""
    said = next((value[name] for name in ("error", "message", "detail", "errorMessage") if value.get(name)), "")
    said = said.get("message") or said.get("reason") if isinstance(said, dict) else said
    return single_line(said)[:200] if isinstance(said, str) and len(value) <= 6 else ""


def read(record: dict, year_of_file: int | None = None, *, task: str = "", dataset: str = "", venue: str = "") -> dict:
    """What `Parsed.add` takes. `task` and `dataset` are those of the table of results that a row stands in."""
    for name in _INNER:
        inner = record.get(name)
        if isinstance(inner, dict) and _title(inner):  # the paper inside, the listing's own fields around it
            record = {**record, **{key: value for key, value in inner.items() if value not in (None, "", [])}}
            break
    record = {key: value["value"] if isinstance(value, dict) and "value" in value else value
              for key, value in record.items()}
    abstract = _text(record, _ABSTRACTS) or _uninverted(record.get("abstract_inverted_index"))
    published, year = _date(record)
    venue = _venue(record) or venue
    if not year and (named := re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", venue)) and "content" in record:
        year = int(named[0])  # OpenReview says it there only
    return {
        "reported": tuple(_reported(record, task, dataset)),
        "title": _without_stop(record, _title(record)) or record.get("title"),
        "abstract": abstract or _text(record, _DESCRIPTIONS),
        "described": not abstract, "arxiv_id": _arxiv_id(record), "doi": _doi(record),
        "year": next((record[name] for name in _YEARS if record.get(name)), None) or year or year_of_file,
        "published_on": published, "authors": _authors(record), "urls": list(_urls(record)),
        "identifiers": tuple(named_identifiers(record)), "venue": venue,
        "comment": _text(record, ("comments", "comment", "note")),
        "withdrawn": record.get("is_retracted") is True or
        str(record.get("status", "")).lower() in ("withdraw", "withdrawn", "retracted")}


def _venue(record: dict) -> str:
    for name in _VENUES:
        value = record.get(name)
        for item in value[:20] if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                inner = item.get("source") or item.get("journal")  # of OpenAlex, of Europe PMC
                item = inner if isinstance(inner, dict) else item
                item = next((item[name] for name in _VENUE_NAMES if isinstance(item.get(name), str)), "")
            if venue := clean_venue(item):
                return venue
    return ""


def _reported(record: dict, task: str, dataset: str) -> Iterator[Reported]:
    """The numbers of a row of results: `metrics` by their names."""
    metrics = record.get("metrics")
    if not (isinstance(metrics, dict) and dataset):
        return
    model = record.get("model_name") or record.get("model") or record.get("method") or ""
    for metric, value in metrics.items():
        if isinstance(value, str | int) and not isinstance(value, bool) and any(map(str.isdigit, str(value))):
            yield Reported(*(single_line(str(text))[:300] for text in (task, dataset, metric, value, model)))


def year_of_file(name: str) -> int | None:
    """The year in the name of a conference's list (`iclr2024.json`), whose records leave it out."""
    found = _OF_A_CONFERENCE.search(name[-60:])
    return int(found[2]) if found else None


def venue_of_file(name: str) -> str:
    """The conference in such a name, where it is a well-known one."""
    found = _OF_A_CONFERENCE.search(name[-60:])
    return f"{known} {found[2]}" if found and (known := known_initials(found[1])) else ""


def table_rows(value: dict) -> Iterator[dict]:
    """Records in `{"2606.99001": "|**2026-06-26**|**Title**|Ada Example et.al.|[2606.99001](…)|**[link](…)**|"}`."""
    for key, row in value.items():
        if not (isinstance(row, str) and row.startswith(("|", "-")) and (arxiv_id := normal_arxiv_id(key))):
            continue
        if listed := _LISTED_ROW.match(row[:5000]):
            yield {"title": listed[2], "arxiv_id": arxiv_id, "published_on": listed[1], "excerpt": row[:300],
                   "authors": [re.sub(r"\s+et\.? ?al\.?$", "", listed[3].strip())],
                   "urls": re.findall(r"https?://[^\s()|]+", row[:5000])}
            continue
        cells = [cell.strip().strip("*").strip() for cell in row[:5000].strip().strip("|").split("|")]
        words = [cell for cell in cells if not re.match(r"\d{4}-\d\d-\d\d|\[|https?:|null", cell)]
        day = next((cell for cell in cells if re.match(r"\d{4}-\d\d-\d\d", cell)), None)
        if words:
            yield {"title": words[0], "arxiv_id": arxiv_id, "published_on": day, "excerpt": row[:300],
                   "authors": [re.sub(r"\s+et\.? ?al\.?$", "", words[1])] if len(words) > 1 else [],
                   "urls": re.findall(r"https?://[^\s()|]+", row[:5000])}


def _title(record: dict) -> str:
    for name in _TITLES:
        value = record.get(name)
        if isinstance(value, dict):
            value = value.get("value")
        if isinstance(value, list) and value:
            value = value[0].get("title") if isinstance(value[0], dict) else value[0]
        if isinstance(value, str) and value.strip():
            return _SLANT.sub("", value)
    source = record.get("source_title")  # of the methods of Papers with Code; elsewhere it is a journal
    return source if isinstance(source, str) and record.get("source_url") else ""


def _without_stop(record: dict, title: str) -> str:
    """DBLP and Europe PMC end titles with a full stop."""
    ends = "authorString" in record or isinstance(record.get("authors"), dict) and "author" in record["authors"]
    return title[:-1] if ends and title.endswith(".") and not title.endswith("..") else title


def _text(record: dict, names: tuple[str, ...]) -> str:
    for name in names:
        value = record.get(name)
        if isinstance(value, dict):
            value = value.get("text")
        if isinstance(value, list):
            parts = [part.get("description") or part.get("value") if isinstance(part, dict) else part
                     for part in value[:1 if name == "abstracts" else None]]
            value = " ".join(part for part in parts if isinstance(part, str))
        if isinstance(value, str) and value.strip():
            return _untagged(value)
    return ""


def _untagged(text: str) -> str:
    """Text without the tags of HTML or JATS, where it has them; `p < 2` is left alone."""
    if "<" not in text or not _TAG.search(text):
        return text
    text = _TAG.sub(lambda tag: " " if tag[2].lower() in _BLOCK_TAGS else "", _HEADING.sub("", text))
    return unescape(text)


def _uninverted(index) -> str:
    """The words of OpenAlex's `{"word": [places]}` in their order."""
    if not isinstance(index, dict):
        return ""
    places = [(place, word) for word, found in index.items() if isinstance(found, list)
              for place in found if isinstance(place, int)]
    return " ".join(word for _, word in sorted(places))


def _arxiv_id(record: dict) -> str | None:
    outside = record.get("externalIds")
    location = record.get("primary_location")
    eprints = record.get("arxiv_eprints")
    values = [outside.get("ArXiv") if isinstance(outside, dict) else None,
              eprints[0].get("value") if isinstance(eprints, list) and eprints and isinstance(eprints[0], dict) else "",
              *(record.get(name) for name in _ARXIV_FIELDS),
              location.get("landing_page_url") if isinstance(location, dict) else None]
    return next(filter(None, map(normal_arxiv_id, values)), None)


def _doi(record: dict) -> str | None:
    outside = record.get("externalIds")
    values = [record.get("doi"), record.get("DOI"), record.get("dois"),
              outside.get("DOI") if isinstance(outside, dict) else None]
    for value in values:
        if isinstance(value, list) and value:
            value = value[0].get("value") if isinstance(value[0], dict) else value[0]
        if isinstance(value, str) and value:
            return value
    return None


def _date(record: dict) -> tuple[str | None, int | None]:
    """The day where a whole date is given, and the year."""
    versions = record.get("versions")
    if isinstance(versions, list) and versions and isinstance(versions[0], dict):
        created = versions[0].get("created")
        return (created if isinstance(created, str) else None), None  # the first version says when it appeared
    for name in _DATE_PARTS:
        value = record.get(name)
        parts = value.get("date-parts") if isinstance(value, dict) else None
        if isinstance(parts, list) and parts and isinstance(parts[0], list) and parts[0]:
            numbers = [str(part).strip() for part in parts[0][:3]]
            if all(re.fullmatch(r"[0-9]{1,4}", number) for number in numbers):
                return ("-".join(numbers) if len(numbers) == 3 else None), int(numbers[0])
        raw = value.get("raw") or value.get("literal") if isinstance(value, dict) else None
        if isinstance(raw, str) and (year := re.search(r"(?<!\d)(?:1[6-9]|20)\d\d(?!\d)", raw[:100])):
            return raw, int(year[0])
    day = next((record[name] for name in _DATES if isinstance(record.get(name), str) and record[name].strip()), None)
    alone = re.match(r"\s*(\d{4})(?:-\d{1,2})?\s*$", day or "")
    return day, int(alone[1]) if alone else None


def _authors(record: dict) -> list[str]:
    parsed = record.get("authors_parsed")
    if isinstance(parsed, list) and parsed and all(isinstance(name, list) and len(name) >= 2 for name in parsed):
        return [latex_to_text(" ".join(part for part in (name[1], name[0], *name[2:3]) if isinstance(part, str)))
                for name in parsed]
    value: Any = next((record[name] for name in _PEOPLE if record.get(name)), [])
    if isinstance(value, dict):  # DBLP
        value = value.get("author") or value.get("name") or []
        value = value if isinstance(value, list) else [value]
    if isinstance(value, str):
        names = split_names(value)
        value = [_FAMILY_FIRST.sub(r"\2 \1", name) for name in names] if value == record.get("authorString") else names
    people = [_person(person) for person in value] if isinstance(value, list) else []
    return [given_first(plain(_HOMONYM.sub("", name.strip()))) for name in people if name.strip()]


def _person(person) -> str:
    if isinstance(person, dict):
        author = person.get("author")
        inside: dict = author if isinstance(author, dict) else {}
        for holder, names in ((person, ("name", "fullname", "full_name", "display_name", "literal", "text")),
                              (inside, ("display_name", "name"))):
            for name in names:
                if isinstance(holder.get(name), str) and holder[name].strip():
                    return holder[name]
        return " ".join(person[name] for names in (
            ("given", "given_name", "givenName", "firstName", "first_name"), ("non-dropping-particle",),
            ("family", "family_name", "familyName", "lastName", "last_name"), ("suffix",))
            for name in names if isinstance(person.get(name), str))
    return person if isinstance(person, str) else ""


def _urls(record: dict) -> Iterator[str]:
    for name in _URLS:
        value = record.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                primary = item.get("primary")
                inner: dict = primary if isinstance(primary, dict) else item
                yield from (inner[key] for key in ("href", "url", "URL", "landing_page_url", "pdf_url")
                            if isinstance(inner.get(key), str))
            elif isinstance(item, str):
                yield item
