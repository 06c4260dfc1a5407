"""OAI-PMH answers: arXiv's own records (arXiv, arXivOld, arXivRaw), Dublin Core, and MODS inside them."""

import re
from xml.etree.ElementTree import Element

from papers.digests.formats._xml import (
    at,
    children,
    html_words,
    local,
    name_second,
    plain_words,
    read_elements,
    text_at,
)
from papers.digests.formats.mods import mods_fields
from papers.digests.kinds import xml_root
from papers.digests.latex import plain
from papers.digests.names import given_first, split_names
from papers.digests.records import DigestError, NothingListed, Parsed, Reject, normal_arxiv_id, normal_doi
from papers.digests.source import Source

NAME = "OAI-PMH"

_ALIAS = re.compile(r"\Ainfo:eu-repo/semantics/altIdentifier/(?:doi|arxiv)/", re.I)
_BRACKETS = re.compile(r"\s*\([^()]{0,2000}\)")


def sniff(source: Source) -> float:
    root = xml_root(source.head)
    return 0.9 if root in ("oai-pmh", "listrecords", "getrecord") or (
        root == "record" and "openarchives.org/OAI/2.0" in source.head) else 0.0


def parse(source: Source) -> Parsed:
    """Its records. Raises DigestError with the server's words where it answers with an error, NothingListed where
    nothing matched or every record is deleted."""
    answer = _Answer(source)
    read_elements(source, answer.parsed, ("record", "header", "error", "resumptiontoken", "set", "metadataformat"),
                  ("oai-pmh", "listrecords", "getrecord", "listidentifiers"), answer.take)
    answer.close()
    return answer.parsed


class _Answer:
    def __init__(self, source: Source):
        self.parsed = Parsed(NAME)
        self.name = source.name
        self.errors: list[tuple[str, str]] = []
        self.deleted = self.unlisted = 0

    def take(self, element: Element, line: int) -> None:
        kind = local(element.tag)
        if kind == "error":
            code = element.get("code", "")
            self.errors.append((code, plain_words(element) or code))
            if code != "noRecordsMatch":
                self.parsed.reject(line, f"the server answers with an error: {code}", plain_words(element))
        elif kind == "resumptiontoken":
            self._more(element)
        elif kind == "record":
            self._record(element, line)
        else:  # a header without its record, a set, a format: answers that describe no paper
            self.unlisted += 1
            self.parsed.reject(line, f"a {kind} without a record: ask for ListRecords", plain_words(element))

    def _more(self, token: Element) -> None:
        if plain_words(token):
            whole = token.get("completeListSize", "")
            self.parsed.notes.append("only a part of the list: the server holds more"
                                     + (f" ({whole} records in all)" if whole else "")
                                     + f", to be asked for with the resumption token {plain_words(token)[:100]}")

    def _record(self, record: Element, line: int) -> None:
        header = next(iter(children(record, "header")), None)
        identifier = text_at(header, "identifier")
        if header is not None and header.get("status") == "deleted":
            self.deleted += 1
            self.parsed.reject(line, "a deleted record: only its identifier is left", identifier)
            return
        metadata = next((inner for outer in children(record, "metadata") for inner in outer), None)
        if metadata is None:
            self.parsed.reject(line, "a record without metadata", identifier)
            return
        name_second(record, line, self.parsed, "header", "metadata")
        kind = local(metadata.tag)
        if kind.startswith("arxiv"):
            fields = _arxiv(metadata)
        elif kind in ("dc", "qualifieddc", "oai_dc"):
            fields = _dublin_core(metadata)
        elif kind == "mods":
            fields = mods_fields(metadata)
        else:
            self.parsed.reject(line, f"a record as {kind}: of OAI-PMH's, arXiv's, Dublin Core and MODS are read; "
                                     "ask for metadataPrefix=oai_dc", identifier)
            return
        fields["arxiv_id"] = fields.get("arxiv_id") or normal_arxiv_id(identifier)
        self.parsed.add(line=line, excerpt=identifier, **fields)

    def close(self) -> None:
        if self.parsed.records:
            return
        rejects: tuple[Reject, ...] = tuple(self.parsed.rejects)
        serious = [words for code, words in self.errors if code != "noRecordsMatch"]
        if serious:
            raise DigestError(f"{self.name}: the OAI-PMH server answers with an error: {serious[0][:300]}", rejects)
        if self.unlisted == len(rejects) > 0:
            raise DigestError(f"{self.name}: this OAI-PMH answer lists no records: {rejects[0].reason}", rejects)
        if self.errors and not rejects:
            raise NothingListed(f"{self.name}: no paper is listed in it: {self.errors[0][1][:300]}")
        if self.deleted == len(rejects) > 0:
            raise NothingListed(f"{self.name}: no paper is listed in it, only {self.deleted:,} deleted records",
                                rejects)


def _arxiv(record: Element) -> dict:
    people = list(at(record, "authors/author"))
    authors = [" ".join(filter(None, (text_at(person, "forenames"), text_at(person, "keyname"),
                                      text_at(person, "suffix")))) for person in people]
    if not people:  # arXivOld, arXivRaw: one text
        text = text_at(record, "authors")[:50_000]
        for _ in range(3):  # affiliations, with brackets of their own
            text = _BRACKETS.sub("", text)
        authors = split_names(plain(text))
    versions = sorted(children(record, "version"), key=lambda version: version.get("version") != "v1")
    created = text_at(record, "created") or (text_at(versions[0], "date") if versions else "")
    return {"title": text_at(record, "title"), "abstract": text_at(record, "abstract"),
            "arxiv_id": normal_arxiv_id(text_at(record, "id")), "doi": text_at(record, "doi") or None,
            "published_on": created, "comment": text_at(record, "comments"), "venue": text_at(record, "journal-ref"),
            "authors": [plain(name) for name in authors if any(map(str.isalpha, name))]}


def _dublin_core(record: Element) -> dict:
    own = [plain_words(element) for element in children(record, "identifier")]
    # Of what it is related to, only this is the paper itself under another number.
    identifiers = own + [text for element in children(record, "relation")
                         if (text := _ALIAS.sub("", plain_words(element))) != plain_words(element)]
    descriptions = [html_words(plain_words(element)) for element in children(record, "abstract", "description")]
    notes = [text for text in descriptions if text.startswith("Comment:")]
    dates = sorted(filter(None, map(plain_words, children(record, "issued", "date", "created"))),
                   key=lambda day: not day[:4].isdigit())
    dates = [day for day in dates if day[:4].isdigit()] or dates
    day = min(dates, default="") if all(len(day) >= 10 for day in dates) else next(iter(dates), "")
    return {"title": html_words(text_at(record, "title")),
            "abstract": next((text for text in descriptions if text not in notes), ""),
            "arxiv_id": next(filter(None, map(normal_arxiv_id, identifiers)), None),
            "doi": next(filter(None, map(normal_doi, identifiers)), None),
            "year": day, "published_on": day, "comment": " ".join(notes),
            "authors": [given_first(plain(name)) for element in children(record, "creator")
                        if (name := plain_words(element))],
            "urls": own, "venue": next((text for element in children(record, "ispartof", "source")
                                        if not (text := plain_words(element)).startswith("http")), "")}
