"""RSS: 2.0 and what came before it, RSS 1.0 (RDF), arXiv's own feeds, journals' and blogs'."""

import re
from xml.etree.ElementTree import Element

from papers.digests.formats._feeds import announced_authors, announced_day, arxiv_abstract, find_doi
from papers.digests.formats._xml import children, html_words, name_second, plain_words, read_elements, text_at
from papers.digests.kinds import xml_root
from papers.digests.names import given_first, split_names
from papers.digests.records import Parsed, harvest_links, normal_arxiv_id
from papers.digests.source import Source

NAME = "RSS"

_RDF_NOT_RSS = re.compile(r"<(?:\w+:)?(?:channel|item)[\s>]")
_HREF = re.compile(r"""\bhref\s*=\s*["']?(https?://[^\s"'<>]+)""", re.I)
_OLD_TITLE = re.compile(r"\s*\(arXiv:(\S+) \[[\w.-]+\](?: (UPDATED|CROSS LISTED))?\)\s*$")
_PICTURES = re.compile(r"search\.yahoo\.com/mrss|itunes\.com|podcast")
_LISTED = re.compile(r"\bAuthors?(?:\(s\))?:\s*(?:</\w+>\s*)?([^<>\n]{3,5000})(?=</p>|<br)", re.I)  # in descriptions
_MAILBOX = re.compile(r"[^\s@]+@[^\s@]+")


def sniff(source: Source) -> float:
    root = xml_root(source.head)
    if root in ("rss", "channel", "item"):
        return 0.9
    return 0.9 if root == "rdf" and _RDF_NOT_RSS.search(source.text[:1_000_000]) else 0.0


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME)
    read_elements(source, parsed, ("item",), ("rss", "rdf", "channel"), lambda item, line: _add(item, line, parsed))
    return parsed


def _add(item: Element, line: int, parsed: Parsed) -> None:
    item[:] = [child for child in item if not _PICTURES.search(child.tag)]  # these have titles and texts of their own
    name_second(item, line, parsed, "title")
    title = html_words(text_at(item, "title"))
    old = _OLD_TITLE.search(title[-200:])
    if old:  # arXiv's feeds until 2024
        title = title.removesuffix(old[0])
    about = next((value for name, value in item.items() if name.rpartition("}")[2] == "about"), "")
    guid = text_at(item, "guid")
    addresses = [plain_words(link) or link.get("href", "") for link in children(item, "link", "origlink")]
    addresses = [*addresses, about, guid] if guid.startswith("http") else [*addresses, about]
    arxiv_id = next(filter(None, map(normal_arxiv_id, (*addresses, guid, old[1] if old else ""))), None)
    description, content = text_at(item, "description", "abstract", "summary"), text_at(item, "encoded", "content")
    abstract = arxiv_abstract(html_words(description) or html_words(content[:50_000]))
    doi = find_doi(item, [*addresses, guid])
    enclosures = [enclosure.get("url", "") for enclosure in children(item, "enclosure")]
    kind = text_at(item, "announce_type").lower() or ("replace" if old and old[2] else "new" if old else "")
    parsed.add(
        line=line, title=title, excerpt=guid or description, abstract=abstract, arxiv_id=arxiv_id, doi=doi,
        published_on=announced_day(text_at(item, "publicationdate", "coverdate", "issued", "date", "pubdate"),
                                   arxiv_id, kind),
        authors=announced_authors(item) or _authors(item), comment=text_at(item, "comment"),
        venue=text_at(item, "journal_reference", "journal_ref", "publicationname"),
        urls=[*dict.fromkeys(addresses), *enclosures, *_HREF.findall(description[:100_000]),
              *harvest_links(html_words(content[:100_000]))],
        described=not (arxiv_id or doi))


def _authors(item: Element) -> list[str]:
    """The people of `author`, which is a mailbox with a name behind it, or only a name."""
    names: list[str] = []
    for author in children(item, "author"):
        text = text_at(author, "name") or plain_words(author)
        in_brackets = re.search(r"\(([^()]+)\)\s*$", text[-300:])
        text = in_brackets[1] if in_brackets and _MAILBOX.match(text) else _MAILBOX.sub("", text)
        names += map(given_first, split_names(text.replace("<>", "")[:50_000]))
    listed = None if names else _LISTED.search(text_at(item, "description")[:20_000])
    return list(map(given_first, split_names(html_words(listed[1])))) if listed else names
