"""MODS: library records as catalogues and Zotero write them."""

import re
from xml.etree.ElementTree import Element

from papers.digests.formats._xml import at, children, plain_words, read_elements, text_at
from papers.digests.kinds import xml_root
from papers.digests.names import given_first
from papers.digests.records import Parsed, normal_arxiv_id
from papers.digests.source import Source

NAME = "MODS"

_MAKERS = {"aut", "author", "cre", "creator", "dis", "dissertant"}


def sniff(source: Source) -> float:
    return 0.9 if xml_root(source.head) in ("mods", "modscollection") else 0.0


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME)

    def add(record: Element, line: int) -> None:
        main = [info for info in children(record, "titleinfo") if info.get("type") is None]
        for info in main[1:]:
            parsed.reject(line, "a second title in one record, not read", plain_words(info))
        parsed.add(line=line, excerpt=" ".join(map(plain_words, children(record, "identifier")))[:200],
                   **mods_fields(record))

    read_elements(source, parsed, ("mods",), ("modscollection",), add)
    return parsed


def mods_fields(record: Element) -> dict:
    """What one record says of its paper: only its direct children do, `relatedItem` is the journal or the series."""
    titles = sorted(children(record, "titleinfo"), key=lambda info: info.get("type") is not None)
    identifiers = [(identifier.get("type", "").lower(), plain_words(identifier))
                   for identifier in children(record, "identifier") if identifier.get("invalid") != "yes"]
    addresses = [plain_words(url) for url in at(record, "location/url")]
    addresses += [text for kind, text in identifiers if kind in ("uri", "url", "hdl") or text.startswith("http")]
    hosts = [item for item in children(record, "relateditem") if item.get("type") == "host"]
    dates = [date for holder in (record, *hosts) for date in (
        *at(holder, "origininfo/dateissued"), *at(holder, "part/date"), *at(holder, "origininfo/copyrightdate"),
        *at(holder, "origininfo/datecreated")) if plain_words(date)]
    dates.sort(key=lambda date: date.get("point") == "end")
    day = plain_words(dates[0]) if dates else ""
    year = re.search(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)", day) or re.match(r"\d{4}", day)
    if re.fullmatch(r"\d{8}", day):  # w3cdtf without its hyphens
        day = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    return {"title": _title(titles[0]) if titles else "", "abstract": text_at(record, "abstract"),
            "arxiv_id": next(filter(None, (normal_arxiv_id(text) for kind, text in identifiers
                                           if kind not in ("isbn", "issn"))), None)
            or next(filter(None, map(normal_arxiv_id, addresses)), None),
            "doi": next((text for kind, text in identifiers if kind == "doi" or "doi.org/10." in text), None)
            or next((address for address in addresses if "doi.org/10." in address), None),
            "year": year[0] if year else None, "published_on": day, "authors": _authors(record), "urls": addresses,
            "comment": " ".join(map(plain_words, children(record, "note"))),
            "venue": next((title for host in hosts for info in children(host, "titleinfo")
                           if (title := _title(info))), "")}


def _title(info: Element) -> str:
    title = " ".join(filter(None, (text_at(info, "nonsort"), text_at(info, "title"))))
    subtitle = text_at(info, "subtitle")
    if subtitle:
        title = f"{title.rstrip(' :')}: {subtitle}"
    return ". ".join(filter(None, (title, text_at(info, "partnumber"), text_at(info, "partname"))))


def _authors(record: Element) -> list[str]:
    people = [(_name(name), {plain_words(term).lower() for term in at(name, "role/roleterm")})
              for name in children(record, "name") if name.get("type") != "conference"]
    makers = [name for name, roles in people if name and (not roles or roles & _MAKERS)]
    return makers or [name for name, _ in people if name]


def _name(name: Element) -> str:
    parts: dict[str, list[str]] = {}
    for part in children(name, "namepart"):
        parts.setdefault(part.get("type", ""), []).append(plain_words(part))
    if "family" in parts:
        return " ".join(filter(None, (*parts.get("given", []), *parts["family"], *parts.get("termsOfAddress", []))))
    whole = " ".join(parts.get("", []) + parts.get("given", []))
    return given_first(whole) if name.get("type") != "corporate" else whole
