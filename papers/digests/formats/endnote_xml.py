"""EndNote XML, as EndNote, Zotero, Mendeley and libraries export it."""

import re
from xml.etree.ElementTree import Element

from papers.digests.formats._references import reference_fields
from papers.digests.formats._xml import at, name_second, plain_words, read_elements, text_at
from papers.digests.kinds import structure
from papers.digests.records import Parsed
from papers.digests.source import Source

NAME = "EndNote XML"

_ADDRESSES = ("urls/web-urls/url", "urls/related-urls/url", "urls/pdf-urls/url", "urls/text-urls/url")


def sniff(source: Source) -> float:
    return 0.9 if source.head.startswith("<") and structure(source) == NAME else 0.0


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME)

    def add(record: Element, line: int) -> None:
        name_second(record, line, parsed, "titles/title")
        parsed.add(line=line, excerpt=text_at(record, "rec-number", "titles/secondary-title"), **_fields(record))

    read_elements(source, parsed, ("record",), ("xml", "records"), add)
    return parsed


def _fields(record: Element) -> dict:
    return reference_fields(
        title=text_at(record, "titles/title", "titles/short-title"), abstract=text_at(record, "abstract"),
        people=[name for author in at(record, "contributors/authors/author")
                for name in re.split(r"[\r\n]+", "".join(author.itertext()).strip())],
        editors=[plain_words(author) for author in at(record, "contributors/secondary-authors/author")],
        year=text_at(record, "dates/year"),
        days=[text_at(record, "dates/pub-dates/date"), text_at(record, "dates/year")],
        dois=[text_at(record, "electronic-resource-num")],
        loose=[text_at(record, "accession-num"), text_at(record, "custom3"), text_at(record, "notes")],
        places=[text_at(record, "titles/secondary-title"), text_at(record, "volume"), text_at(record, "number"),
                text_at(record, "publisher"), text_at(record, "periodical/full-title")],
        addresses=[plain_words(url) for path in _ADDRESSES for url in at(record, path)],
        comment=text_at(record, "notes"),
        venues=[text_at(record, "titles/secondary-title"), text_at(record, "periodical/full-title"),
                text_at(record, "titles/alt-title"), text_at(record, "periodical/abbr-1")])
