"""HTML: pages that list papers, pages of one paper, and newsletters. What a page says for machines is read first."""

import json
import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser

from papers.digests.formats import _json_fields, trending
from papers.digests.formats._blocks import blocks, numbered
from papers.digests.formats._page import read_page
from papers.digests.html import check_depth, html_text
from papers.digests.kinds import xml_root
from papers.digests.names import given_first, split_names
from papers.digests.records import DigestError, Parsed, clean_url, harvest_links
from papers.digests.source import Source

NAME = "HTML"

_ROOTS = set("html head body title meta link style script div table tbody tr td p ul ol dl h1 h2 h3 h4 article section "
             "main center span a b i strong em br img font header nav details summary li dt dd hr blockquote pre form "
             "figure small u".split())
_LINK = re.compile(r"<a\s", re.I)
_BIBTEX = re.compile(r"@[a-z]+\{[^\s{}]{1,100},\s", re.I)
_SAVED = re.compile(r"<!-- saved from url=\(\d+\)(https?://[^\s<>]+) -->")
_ARTICLES = {"scholarlyarticle", "article", "techarticle", "report", "creativework", "publicationissue", "chapter",
             "medicalscholarlyarticle", "thesis"}
_HOLDERS = {"itemlist", "collectionpage", "webpage", "dataset", "periodical", "publicationvolume", "listitem"}
_NODES_LIMIT = 1_000_000  # of JSON-LD, looked at in one page


def sniff(source: Source) -> float:
    if not source.head.startswith("<") or xml_root(source.head) not in _ROOTS:
        return 0.0
    text = source.text[:1_000_000]  # a page of links, or one that shows BibTeX
    return 0.85 if len(_LINK.findall(text)) > 3 * len(_BIBTEX.findall(text)) else 0.75


def parse(source: Source) -> Parsed:
    """Its JSON-LD or citation_… tags; else its tables, lists and headings; else its text, as of a newsletter."""
    try:
        check_depth(source.text)
        tree = LexborHTMLParser(source.text)
        parsed = Parsed(NAME)
        for what, found in (("JSON-LD", _json_ld(tree, parsed)), ("citation tags", _citation_tags(tree)),
                            ("the data of the page", _embedded(tree, parsed))):
            for fields in found:
                parsed.add(line=None, **fields)
            if parsed.records:
                parsed.notes.append(f"read from what the page says for machines ({what}); the rest was passed over")
                return parsed
        broken, parsed = parsed.rejects, Parsed(NAME, guessed=True)
        read_page(blocks(numbered(source.text)), parsed, _address(tree, source.text))
        text = html_text(_without_menus(source.text))
        words = Source(source.name, text.encode(errors="replace"), text)
        if trending.sniff(words):  # a newsletter: titles and descriptions by turns, not all of them linked
            as_text = trending.parse(words)
            if sum(bool(record.abstract) for record in as_text.records) > len(parsed.records):
                parsed = as_text
                parsed.notes.append("HTML: lines are counted in its text")
    except ValueError as error:
        if isinstance(error, DigestError):
            raise
        raise DigestError(f"{source.name}: {error}") from error
    for reject in broken:
        parsed.reject(reject.line, reject.reason, reject.excerpt)
    if not parsed.records and not parsed.rejects:  # a page for people, such as one to log in; no empty day
        raise DigestError(f"{source.name}: an HTML page without a list of papers that could be told: no links to papers"
                          ", no table with a column of titles, no titles with a description each")
    return parsed


def _without_menus(html: str) -> str:
    tree = LexborHTMLParser(html)
    for node in tree.css("nav,footer,aside"):
        node.decompose()
    return tree.html or ""


def _address(tree: LexborHTMLParser, text: str) -> str:
    """The page's own address, which its local links start from; "" where it does not say."""
    for selector, attribute in (("base[href]", "href"), ('link[rel="canonical"]', "href"),
                                ('meta[property="og:url"]', "content")):
        node = tree.css_first(selector)
        if node and (address := clean_url(node.attributes.get(attribute) or "")):
            return address
    saved = _SAVED.search(text[:2000])
    return saved[1] if saved else ""


def _json_ld(tree: LexborHTMLParser, parsed: Parsed) -> Iterator[dict]:
    for node in tree.css('script[type="application/ld+json"]'):
        text = node.text() or ""
        try:
            value = json.loads(text, strict=False)
        except (ValueError, RecursionError) as error:
            parsed.reject(None, f"JSON-LD of the page that cannot be read: {error}"[:200], text)
            continue
        waiting, seen = [value], 0
        while waiting and seen < _NODES_LIMIT:
            value = waiting.pop()
            seen += 1
            if isinstance(value, list):
                waiting += reversed(value)
            elif isinstance(value, dict):
                kinds = _kinds(value)
                authored = value.get("author") and _said(value, "abstract")
                if "scholarlyarticle" in kinds or kinds & _ARTICLES and authored:
                    yield _scholarly(value)
                elif not kinds or kinds & _HOLDERS:
                    waiting += [value[name] for name in ("hasPart", "itemListElement", "mainEntity", "item", "@graph")
                                if name in value]


def _kinds(value: dict) -> set[str]:
    kinds = value.get("@type")
    return {kind.rpartition("/")[2].lower() for kind in (kinds if isinstance(kinds, list) else [kinds])
            if isinstance(kind, str)}


def _said(value: dict, *names: str) -> str:
    for name in names:
        found = value.get(name)
        if isinstance(found, list):
            found = found[0] if found else None
        if isinstance(found, dict):
            found = found.get("@value") or found.get("name")
        if isinstance(found, str) and found.strip():
            return found
    return ""


def _scholarly(value: dict) -> dict:
    people = value.get("author") or value.get("creator") or []
    names = [person if isinstance(person, str) else _said(person, "name") or " ".join(
        filter(None, (_said(person, "givenName"), _said(person, "familyName")))) if isinstance(person, dict) else ""
             for person in (people if isinstance(people, list) else [people])]
    if len(names) == 1 and isinstance(people, str):
        names = split_names(people)
    addresses = [text for name in ("url", "@id", "sameAs", "identifier", "codeRepository", "mainEntityOfPage")
                 for text in _strings(value.get(name))]
    abstract = _said(value, "abstract")
    return {**_json_fields.read({
        "title": _said(value, "headline", "name"), "abstract": abstract,
        "description": _said(value, "description"), "date": _said(value, "datePublished", "dateCreated"),
        "doi": next((text for text in addresses if "10." in text), None),
        "url": next((text for text in addresses if "arxiv" in text.lower()), None)}),
        "authors": [given_first(name) for name in names if name], "venue": _part_of(value.get("isPartOf")),
        "urls": [link for text in addresses for link in harvest_links(text)]}


def _part_of(value) -> str:
    """The journal or book of an article: the outermost, past its issue and volume."""
    name = ""
    for _ in range(5):
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, str):
            return name or value
        if not isinstance(value, dict):
            break
        name = _said(value, "name") or name
        value = value.get("isPartOf")
    return name


def _strings(value) -> list[str]:
    return [text for item in (value if isinstance(value, list) else [value])
            for text in ([item] if isinstance(item, str) else
                         [item[name] for name in ("value", "@id", "url") if isinstance(item.get(name), str)]
                         if isinstance(item, dict) else [])]


def _citation_tags(tree: LexborHTMLParser) -> Iterator[dict]:
    """The paper of Highwire's citation_… (or Dublin Core's) meta tags; several where a page holds several."""
    found: list[dict[str, list[str]]] = []
    for node in tree.css("meta[name][content]"):
        name = (node.attributes.get("name") or "").lower()
        if not name.startswith("citation_") or not (content := (node.attributes.get("content") or "").strip()):
            continue
        if name == "citation_title" or not found:
            if found and "citation_title" not in found[-1]:
                found[-1].setdefault(name, []).append(content)
                continue
            found.append({})
        found[-1].setdefault(name, []).append(content)
    for tags in found:
        def said(*names: str, tags=tags) -> str:
            return next((tags[f"citation_{name}"][0] for name in names if f"citation_{name}" in tags), "")

        names = tags.get("citation_author") or [name for text in tags.get("citation_authors", ())
                                                for name in text.split(";")]
        if said("title"):
            yield {"title": said("title"), "abstract": said("abstract"), "arxiv_id": said("arxiv_id"),
                   "doi": said("doi"), "published_on": said("date", "publication_date", "online_date"),
                   "year": said("date", "publication_date", "online_date", "year")[:4] or None,
                   "authors": [given_first(name) for name in names],
                   "venue": said("journal_title", "conference_title", "inproceedings_title", "conference", "book_title",
                                  "inbook_title", "dissertation_institution", "journal_abbrev"),
                   "urls": [*tags.get("citation_pdf_url", ()), *tags.get("citation_abstract_html_url", ())]}


def _embedded(tree: LexborHTMLParser, parsed: Parsed) -> Iterator[dict]:
    """The list that Hugging Face's pages of papers carry for their own scripts."""
    for node in tree.css("[data-props]"):
        props = node.attributes.get("data-props") or ""
        if '"dailyPapers"' not in props:
            continue
        try:
            papers = json.loads(props)["dailyPapers"]
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            parsed.reject(None, f"data of the page that cannot be read: {error}"[:200], props)
            continue
        for paper in papers if isinstance(papers, list) else []:
            if isinstance(paper, dict) and _json_fields.is_record(paper):
                yield _json_fields.read(paper)
