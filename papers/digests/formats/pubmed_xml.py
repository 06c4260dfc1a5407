"""PubMed XML, as the site and efetch give it."""

from xml.etree.ElementTree import Element

from papers.digests.formats._references import reference_fields
from papers.digests.formats._xml import at, children, local, name_second, plain_words, read_elements, text_at
from papers.digests.kinds import xml_root
from papers.digests.records import DigestError, Parsed
from papers.digests.source import Source

NAME = "PubMed XML"

_ROOTS = ("pubmedarticleset", "pubmedbookarticleset", "medlinecitationset")
_RECORDS = ("pubmedarticle", "pubmedbookarticle", "medlinecitation", "deletecitation", "deletedocument", "error")


def sniff(source: Source) -> float:
    return 0.9 if xml_root(source.head) in (*_ROOTS, *_RECORDS[:3], "efetchresult") else 0.0


def parse(source: Source) -> Parsed:
    """Its records. Raises DigestError with PubMed's words where it answers with an error."""
    parsed = Parsed(NAME)
    errors: list[str] = []

    def add(element: Element, line: int) -> None:
        kind = local(element.tag)
        if kind == "error":
            errors.append(plain_words(element))
            parsed.reject(line, f"PubMed answers with an error: {errors[-1][:200]}")
        elif kind.startswith("delete"):
            for number in element:
                parsed.reject(line, "a deleted record: only its number is left", plain_words(number))
        else:
            name_second(element, line, parsed, "medlinecitation", "medlinecitation/article",
                        "medlinecitation/article/articletitle")
            parsed.add(line=line, excerpt=_numbers(element), **_fields(element))

    read_elements(source, parsed, _RECORDS, (*_ROOTS, "efetchresult"), add)
    if errors and not parsed.records:
        raise DigestError(f"{source.name}: PubMed answers with an error: {errors[0][:300]}", tuple(parsed.rejects))
    return parsed


def _numbers(record: Element) -> str:
    return text_at(record, "medlinecitation/pmid", "bookdocument/pmid", "pmid")


def _fields(record: Element) -> dict:
    citation = next(iter(children(record, "medlinecitation", "bookdocument")), record)
    article = next(iter(children(citation, "article")), citation)
    data = next(iter(children(record, "pubmeddata", "pubmedbookdata")), None)
    ids = [(number.get("IdType", "").lower(), plain_words(number))
           for holder in (data, citation) for number in at(holder, "articleidlist/articleid")]
    dates = [_date(element) for path in ("articledate", "journal/journalissue/pubdate", "contributiondate",
                                         "book/pubdate") for element in at(article, path)]
    year = _date(next(iter([*at(article, "journal/journalissue/pubdate"), *at(article, "contributiondate"),
                            *at(article, "book/pubdate"), *at(article, "articledate")]), None))
    kinds = {plain_words(kind) for kind in at(article, "publicationtypelist/publicationtype")}
    number = _numbers(record)
    titles = (text_at(article, "articletitle"), text_at(article, "vernaculartitle"), text_at(article, "book/booktitle"))
    fields = reference_fields(
        title=tidy_title(next(filter(None, titles), "")), abstract=_abstract(citation, article), people=(),
        year=year, days=dates,
        dois=[plain_words(place) for place in children(article, "elocationid") if place.get("EIdType") == "doi"]
        + [text for kind, text in ids if kind == "doi"],
        places=[text_at(article, "journal/title")],
        addresses=[f"https://pubmed.ncbi.nlm.nih.gov/{number}/"] * number.isdigit()
        + [f"https://pmc.ncbi.nlm.nih.gov/articles/{text}/" for kind, text in ids
           if kind == "pmc" and text.startswith("PMC")],
        comment=text_at(citation, "generalnote"),
        venues=[text_at(article, "journal/title"), text_at(article, "journal/isoabbreviation"),
                text_at(article, "book/booktitle") if text_at(article, "articletitle") else ""])
    return {**fields, "authors": _people(article, "authorlist") or _people(article, "book/authorlist"),
            "withdrawn": "Retracted Publication" in kinds}


def tidy_title(title: str) -> str:
    """PubMed's titles end with a full stop, and translated ones stand in brackets."""
    title = title.strip()
    if title.endswith(".") and not title.endswith(".."):
        title = title[:-1]
    return title[1:-1].rstrip(".") if title[:1] == "[" and title[-1:] == "]" and title.count("[") == 1 else title


def _date(element: Element | None) -> str:
    return " ".join(filter(None, (text_at(element, "year"), text_at(element, "month"), text_at(element, "day")))) \
        or text_at(element, "medlinedate")


def _abstract(citation: Element, article: Element) -> str:
    parts = []
    for part in at(article, "abstract/abstracttext"):
        text, label = plain_words(part), part.get("Label", "").strip().capitalize()
        parts.append(f"{label}: {text}" if label and label != "Unlabelled" and text else text)
    return " ".join(filter(None, parts)) or text_at(citation, "otherabstract/abstracttext")


def _people(article: Element, path: str) -> list[str]:
    names = []
    for author in at(article, f"{path}/author"):
        first = text_at(author, "forename", "firstname") or text_at(author, "initials")
        names.append(" ".join(filter(None, (first, text_at(author, "lastname"), text_at(author, "suffix"))))
                     or text_at(author, "collectivename"))
    return [name for name in names if name]
