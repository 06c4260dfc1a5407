"""Tables with headings: which column is what, and a row read as a paper. For CSV, workbooks, Markdown and HTML."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape

from papers.digests.columns import FIELDS, normal_heading
from papers.digests.dates import written_day
from papers.digests.names import given_first, split_names
from papers.digests.records import Parsed, find_arxiv_id, harvest_links, normal_arxiv_id, normal_doi
from papers.digests.venues import clean_venue
from papers.formulas import as_written

# In each line the better name first: of two columns for one field, the first that says something is taken.
HEADINGS = {
    "title": "title, paper title, article title, document title, item title, primary title, title of paper, titel, "
             "titre, titulo, 标题, 题目, 论文, paper, papers, paper name, article, ti, name",
    "authors": "author full names, authors, author, author s, authors names, creators, creator, author names, au, "
               "autoren, auteurs, autores, 作者",
    "abstract": "abstract, abstract note, summary, paper abstract, abstracts, ab, 摘要",
    "description": "description, tldr, tl dr, short description, one line summary, key idea, highlights, 简介",
    "date": "publish date, published on, publication date, date published, published date, published, date, "
            "submission date, submitted, cover date, date created, created, 日期",
    "year": "year, publication year, pub year, year published, py, jahr, année, año, 年份",
    "doi": "doi, doi url, doi link, di, digital object identifier",
    "arxiv": "arxiv id, arxiv, arxivid, arxiv number, eprint, id, paper id, identifier, archive location",
    "link": "url, urls, link, links, paper url, paper link, paperurl, pdf, pdf url, pdf link, arxiv url, arxiv link, "
            "abs, abs url, abstract url, html, paper pdf, code, code url, code link, codes, github, repo, repository, "
            "repo url, code repository, github url, github link, project url, paper url abs, paper url pdf, "
            "project, project page, website, homepage, source, resources, 链接, 代码",
    "comment": "comments, comment, note, notes, extra, remarks, venue comments",
    "journal": "journal, source title, publication title, venue, conference, publication, journal ref, book title, "
               "proceedings, proceeding, conference name, conference title, journal title, secondary title, "
               "booktitle, container title, source publication, published in, appeared in, so, jo, t2, zeitschrift, "
               "revue, revista, 期刊, 会议, 来源",
    "place": "publication year volume, publisher, volume",  # where some programs name a preprint
}
_FIELD = {name.replace(" ", ""): (kind, place) for kind, names in HEADINGS.items()
          for place, name in enumerate(names.split(","))}
_OF_FIELD = {field: {"venue": "journal", "url": "link"}.get(field, field) for field in FIELDS}
_SHOWN = "Title, Authors, Abstract, Year, Date, DOI, arXiv ID, URL, PDF, Code"
_LINK = re.compile(r"\[([^\[\]\n]{0,500})\]\((https?://[^\s()]+(?:\([^\s()]*\)[^\s()]*)?)\)")
_ANCHOR = re.compile(r"<a\s[^<>]*?href=[\"']?(https?://[^\s\"'<>]+)[^<>]*>(.{0,500}?)</a>", re.I | re.S)
_NOTHING = re.compile(r"\W*(?:null|none|nan|n/?a|tba|tbd)?\W*", re.I)
LABEL = re.compile(r"[\W_]*(?:(?:the|read|full|view|see|official|original) )*(?:paper|pdf|arxiv|abs|abstract|link|"
                   r"url|article|preprint|html|more|here|code|codes|github|repo|repository|project(?: page)?|page|"
                   r"website|web|homepage|data|datasets?|demo|tweet|post|source|video|slides|poster|blog|bib(?:tex)?|"
                   r"cite|colab|model|models|weights|pytorch|tensorflow|tf|jax|doi|openreview|acl|acm|ieee|springer|"
                   r"cvf|pmlr|other formats|supp(?:lementary)?|appendix|review|thread|hf|hugging ?face|talk|notes?|"
                   r"summary)?(?: (?:link|pdf|paper|page|code|here))?[\W\d_]*", re.I)
_IDS_OF_AUTHORS = re.compile(r"\s*\(\d{6,}\)")
_ET_AL = re.compile(r"[\s,]*\b(?:et\.? ?al\.?|and others)\s*$", re.I)
_CUT_ID = re.compile(r"(\d{4})\.(\d{1,4})")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


@dataclass(slots=True)
class Cell:
    """What a cell says, and the addresses it is linked to."""

    text: str
    links: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Columns:
    """A line of headings, understood: the places of the columns of each field, the better ones first."""

    places: dict[str, tuple[int, ...]]
    headings: tuple[str, ...]

    @property
    def known(self) -> int:
        return sum(map(len, self.places.values()))

    @property
    def unread(self) -> list[str]:
        """The headings nothing is made of."""
        read = {place for field, places in self.places.items() if field != "place" for place in places}
        return [heading for place, heading in enumerate(self.headings) if place not in read and heading]


def columns(cells: Sequence[str], chosen: Mapping[str, str] | None = None) -> Columns | None:
    """The columns, where the cells are headings and one of them is a title's; None otherwise.

    What is chosen counts, and goes before what headings say of the other fields.
    """
    if len(cells) > 500:
        cells = cells[:500]
    found: dict[str, list[tuple[int, int]]] = {}
    names = [normal_heading(cell) for cell in cells]
    taken = {}
    for name, heading in (chosen or {}).items():
        if normal_heading(heading) not in names:
            return None
        taken[names.index(normal_heading(heading))] = _OF_FIELD.get(name, name)
    for place, cell in enumerate(names):
        if place in taken:
            found.setdefault(taken[place], []).append((-1, place))
        elif (kind := _FIELD.get(cell)) and (kind[0] not in taken.values() or kind[0] == "link"):
            found.setdefault(kind[0], []).append((kind[1], place))
    titles = sorted(found.get("title", ()))
    if not titles:
        return None
    places = {kind: tuple(place for _, place in sorted(ranked)) for kind, ranked in found.items()}
    places["title"] = (titles[0][1],)
    if spare := tuple(place for _, place in titles[1:]):  # "Paper" beside "Title" holds the paper's address
        places["link"] = (*places.get("link", ()), *spare)
    return Columns(places, tuple(" ".join(cell.split())[:80] for cell in cells))


def note_columns(parsed: Parsed, head: Columns) -> None:
    """Say in the outcome which heading was read as which field, and which as none."""
    parsed.headings = head.headings
    for name, kind in _OF_FIELD.items():
        if places := head.places.get(kind):
            parsed.columns[name] = head.headings[places[0]]
    if head.unread:
        parsed.notes.append(f"columns that are not read: {', '.join(head.unread[:20])}")


def unknown(cells: Iterable[str]) -> str:
    """Why a table cannot be read: its headings, and those that would be known."""
    names = [" ".join(cell.split())[:40] for cell in cells if cell.strip()]
    found = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
    return f"no column is headed as the papers' title; found: {found or 'nothing'}; known are {_SHOWN} and the like"


def plain_cell(text: str) -> Cell:
    """A cell of a text file: links written as Markdown or HTML in it are kept, and their words stay."""
    links = [address for _, address in _LINK.findall(text)] if "](" in text else []
    text = _LINK.sub(r"\1", text) if links else text
    if "<a" in text or "<A" in text:
        links += [unescape(address) for address, _ in _ANCHOR.findall(text)]
        text = _ANCHOR.sub(r"\2", text)
    text = as_written(text.strip())
    if len(text) > 4 and text[:2] == text[-2:] == "**":
        text = text[2:-2].strip()
    return Cell(text, links)


def add_row(parsed: Parsed, head: Columns, cells: Sequence[Cell], line: int | None) -> None:
    """Add the row's paper, or a reject that says what is wrong. Empty rows and headings said again are passed over."""
    if not any(cell.text.strip() or cell.links for cell in cells):
        return
    texts = [cell.text for cell in cells]
    if [normal_heading(text) for text in texts] == [normal_heading(text) for text in head.headings]:
        return
    shown = " | ".join(texts)[:400]
    if any(text.strip() for text in texts[len(head.headings):]):
        parsed.reject(line, f"{len(cells)} cells under {len(head.headings)} headings; "
                            "a cell that holds the separator must be quoted", shown)
        return
    fields = row_fields(head, cells)
    if fields["title"] and LABEL.fullmatch(fields["title"][:80]):
        parsed.reject(line, f"no title: the cell says only “{fields['title'][:40]}”", shown)
        return
    parsed.add(line=line, excerpt=shown, **fields)


def row_fields(head: Columns, cells: Sequence[Cell]) -> dict:
    """What `Parsed.add` takes, from one row."""
    def said(kind: str) -> list[str]:
        texts = (cells[place].text.strip() for place in head.places.get(kind, ()) if place < len(cells))
        return [text for text in texts if not _NOTHING.fullmatch(text[:40])]

    links = [link for kind in ("link", "title", "arxiv", "doi", "date", "description", "comment")
             for place in head.places.get(kind, ()) if place < len(cells) for link in cells[place].links]
    for text in said("link"):
        links += harvest_links(text[:10_000]) or ([f"https://{text}"] if re.match(r"[\w-]+(?:\.[\w-]+)+/\S+$", text)
                                                  else [])
    comment = " ".join(said("comment"))
    arxiv_id = next(filter(None, (*(normal_arxiv_id(_padded(text)) for text in said("arxiv")),
                                  *map(normal_arxiv_id, said("link")), *map(normal_arxiv_id, links),
                                  *map(find_arxiv_id, (*said("arxiv"), comment, *said("journal"), *said("place"))))),
                    None)
    dois = [normal_doi(text) for text in (*said("doi"), *(link for link in links if "doi.org/" in link))]
    dates, years = said("date"), said("year")
    day = next(filter(None, map(written_day, dates)), None)
    year = next((found[0] for text in (*years, *dates) if (found := _YEAR.search(text[:100]))), None)
    abstract = next(iter(said("abstract")), "")
    description = next(iter(said("description")), "")
    return {"title": next(iter(said("title")), ""), "abstract": abstract or description, "described": not abstract,
            "arxiv_id": arxiv_id, "doi": next(filter(None, dois), None), "year": year, "published_on": day,
            "authors": people(next(iter(said("authors")), "")), "urls": without_own(links, arxiv_id),
            "comment": comment, "venue": next(filter(None, map(clean_venue, said("journal"))), "")}


def people(text: str) -> list[str]:
    """The names in a cell, given name first; numbers of theirs and "et al." left out."""
    text = _ET_AL.sub("", _IDS_OF_AUTHORS.sub("", text[:50_000]).strip())
    for sign in ("|", "\n"):
        if sign in text and ";" not in text:
            text = text.replace(sign, ";")
    names = (_ET_AL.sub("", name) for name in split_names(text))
    return [given_first(name) for name in names if name.strip(" ,;")]


def without_own(links: Iterable[str], arxiv_id: str | None) -> list[str]:
    """The addresses without those that only say the identifier again."""
    return [link for link in dict.fromkeys(links) if not arxiv_id or normal_arxiv_id(link) != arxiv_id]


def _padded(text: str) -> str:
    """An arXiv id with the zeros at its end that a spreadsheet took for those of a number."""
    found = _CUT_ID.fullmatch(text)
    return f"{found[1]}.{found[2]:0<{5 if int(found[1]) >= 1501 else 4}}" if found else text

