"""One entry of a list of papers: its title, told by links, bold type and the look of words, and its links."""

import re
from dataclasses import dataclass
from urllib.parse import urljoin

from papers.digests.dates import written_day
from papers.digests.formats._around import NAME, VENUE, YEAR, around, names_in
from papers.digests.formats._blocks import Run
from papers.digests.formats._columns import LABEL, without_own
from papers.digests.html import CHROME, is_mention
from papers.digests.records import clean_url, find_arxiv_id, harvest_links, normal_arxiv_id, normal_doi

_LOCAL_ID = re.compile(r"(?:^|/)(?:abs|pdf|papers|html)/"
                       r"((?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?)(?:\.pdf)?$")
_PAPER_HOST = re.compile(
    r"(?:^|\.)(?:arxiv\.org|doi\.org|openreview\.net|aclanthology\.org|aclweb\.org|thecvf\.com|ecva\.net|"
    r"proceedings\.mlr\.press|jmlr\.org|neurips\.cc|nips\.cc|ieeexplore\.ieee\.org|dl\.acm\.org|link\.springer\.com|"
    r"sciencedirect\.com|nature\.com|science\.org|biorxiv\.org|medrxiv\.org|ssrn\.com|semanticscholar\.org|"
    r"ijcai\.org|aaai\.org|usenix\.org|isca-speech\.org|pnas\.org|hal\.science|eprint\.iacr\.org|alphaxiv\.org|"
    r"paperswithcode\.com|roboticsproceedings\.org|mdpi\.com|plos\.org|frontiersin\.org|wiley\.com|tandfonline\.com|"
    r"distill\.pub|transformer-circuits\.pub|ncbi\.nlm\.nih\.gov|europepmc\.org|dblp\.org|researchgate\.net)$", re.I)
_OTHER_HOST = re.compile(
    r"(?:^|\.)(?:github\.com|gitlab\.com|twitter\.com|x\.com|youtube\.com|youtu\.be|medium\.com|wikipedia\.org|"
    r"huggingface\.co|kaggle\.com|colab\.research\.google\.com|colab\.google|linkedin\.com|reddit\.com|discord\.gg|"
    r"discord\.com|slack\.com|t\.me|google\.com|facebook\.com|zhihu\.com|bilibili\.com|weixin\.qq\.com|shields\.io|"
    r"amazon\.com|coursera\.org|udemy\.com|pypi\.org|npmjs\.com|star-history\.com|towardsdatascience\.com|"
    r"substack\.com|instagram\.com|creativecommons\.org|opensource\.org|stackoverflow\.com|gitter\.im)$", re.I)
_PAPER_LABEL = re.compile(r"[\W_]*(?:(?:the|read|full|view|official) )*(?:paper|pdf|arxiv|abs|abstract|preprint|doi|"
                          r"openreview|acl|cvf|论文)[\W\d_]*", re.I)
_PREFIX = re.compile(
    r"(?:\s|[^\w\"“«‘'(\[{]|\(?\d{1,4}(?:[.):]{1,2}|\])(?=\s)|\[[^\[\]]{0,60}\]|\([^()]{0,60}\)|【[^】]{0,60}】|"
    r"(?:19|20)\d\d(?:[-/.]\d{1,2}){0,2}(?=[\s:,|])|(?:paper|title|论文|标题)\s*[:：])+", re.I)
_TITLE_END = re.compile(r"(?<=\S)(?<!\bvs)(?<!\bet al)[.?!](?=\s+[\"“(\[A-Z])|\s+[-–—|]\s+"
                        r"|\s*[(\[](?=[^()\[\]]{0,60}\b(?:19|20)\d\d\s*[)\]])"
                        r"|\s+by\s+(?=[A-Z][\w.]*\s+[A-Z])|\s*[(\[]?\barXiv:\s*(?=\d|[a-z-]+/)|\s*[(\[]?https?://"
                        r"|,\s+(?=[A-Z][\w'’.-]*(?:\s+[A-Z][\w'’.-]*)?,?\s+et al\b)")
_QUOTED = re.compile(r"[\"“«]([^\"”»]{5,400})[\"”»]")


@dataclass(slots=True)
class Entry:
    """An entry read: what `Parsed.add` takes, and how surely it is a paper."""

    fields: dict
    sure: bool  # it is linked to a paper or names one's identifier
    linked: bool  # its title is linked to a page that may be a paper's
    leftover: str = ""


@dataclass(slots=True)
class _Piece:
    text: str
    href: str = ""
    style: str = ""
    label: bool = False
    mention: bool = False  # of another paper, in the middle of a sentence


def absolute(href: str, base: str) -> str | None:
    """The http(s) address of a link; a local one to an arXiv id is arXiv's. None for any other."""
    if not href or href.startswith("#"):
        return None
    if address := clean_url(href):
        return address
    if re.match(r"[a-z][a-z0-9+.-]*:", href, re.I):
        return None
    try:
        if base and (address := clean_url(urljoin(base, href))):
            return address
    except ValueError:
        return None
    local = _LOCAL_ID.search(href)
    return f"https://arxiv.org/abs/{local[1]}" if local else None


def is_paper(address: str) -> bool:
    """Whether an address leads to a paper, by the looks of it."""
    return bool(normal_arxiv_id(address) or _PAPER_HOST.search(_host(address))
                or re.search(r"\.pdf(?:[?#]|$)", address, re.I))


def read_entry(runs: list[Run], base: str = "", title: str = "") -> Entry | None:
    """The entry the words make; None where they hold no title. `title`: where it is known (a heading above)."""
    pieces = _pieces(runs)
    links = [(piece, address) for piece in pieces if (address := absolute(piece.href, base))]
    rest = pieces
    lead = ""
    if not title:
        title, lead, rest = _title(pieces, base)
        if not title:
            return None
    after = set(map(id, rest))
    title_links = [address for piece, address in links if id(piece) not in after]
    papers = [address for piece, address in links if is_paper(address) and not piece.mention]
    labelled = any(piece.label and piece.href and _PAPER_LABEL.fullmatch(piece.text[:60]) for piece in pieces)
    everything = " ".join(piece.text for piece in pieces)
    arxiv_id = next(filter(None, map(normal_arxiv_id, papers)), None) or find_arxiv_id(
        " ".join(re.findall(r"\barxiv:\s*\S+", everything[:20_000], re.I)[:1]))
    doi = next((found for address in papers if "doi.org/" in address and (found := normal_doi(address))), None)
    homes = {address for piece, address in links
             if id(piece) in after and not piece.label and not is_paper(address)
             and " " in piece.text.strip() and NAME.fullmatch(piece.text.strip(" ,.;*"))}  # of the authors
    urls = [address for _, address in links if address not in homes] + harvest_links(everything[:20_000])
    words = [(piece.text, piece.style == "i" and not piece.href) for piece in rest if not piece.label]
    fields: dict = {"title": title, "arxiv_id": arxiv_id, "doi": doi, "urls": without_own(urls, arxiv_id),
                    "described": True, **around(lead, words)}
    linked = any(not _OTHER_HOST.search(_host(address)) and address.count("/") > 2 + address.endswith("/")
                 for address in title_links)
    return Entry(fields, bool(papers or labelled or arxiv_id), linked and len(title.split()) >= 3)


def _host(address: str) -> str:
    return address.partition("://")[2].partition("/")[0].partition("?")[0].partition(":")[0].lower()


def _pieces(runs: list[Run]) -> list[_Piece]:
    pieces: list[_Piece] = []
    for run in runs:
        last = pieces[-1] if pieces else None
        if last and run.text != "\n" and last.text != "\n" and last.href == run.href \
                and (run.href or last.style == run.style) and (run.text or run.href != last.href):
            last.text += run.text
            last.style = last.style or run.style
        elif run.text or run.href:
            pieces.append(_Piece(run.text, run.href, run.style))
    for at, piece in enumerate(pieces):
        text = " ".join(piece.text.split())
        if piece.href and (CHROME.search(text[:80]) or CHROME.search(piece.href[:300])):
            piece.href, piece.text = "", "\n"  # of the newsletter, not of the paper
            continue
        if piece.href and 0 < at < len(pieces) - 1 and LABEL.fullmatch(text[:80]) \
                and is_mention(pieces[at - 1].text, pieces[at + 1].text):
            piece.mention = True
            continue
        piece.label = bool(piece.href) and bool(LABEL.fullmatch(text[:80]) or normal_arxiv_id(text.strip("[]() "))
                                                or clean_url(text) or text == piece.href)
    return pieces


def _title(pieces: list[_Piece], base: str) -> tuple[str, str, list[_Piece]]:
    """The title, the words before it, and the pieces after it."""
    lead: list[str] = []
    tags = ""
    for at, piece in enumerate(pieces):
        text = " ".join(piece.text.split())
        joined = "".join(lead)
        if len(joined) > 4000:
            break  # no title stands that far in
        prefix = _PREFIX.match(joined)
        before = joined[prefix.end() if prefix else 0:].strip(" \"“'‘([{")
        if piece.text == "\n":
            if len(before.split()) >= 2:
                return _from_words(tags + joined, pieces[at:])
            continue
        if piece.label:
            if before:
                return _from_words(tags + joined, pieces[at:])
            continue
        marked = bool(piece.href and not piece.mention) or piece.style == "b"
        bare = _bare(text)
        if marked and bare and not _is_tag(bare):
            if not before:
                title, after = _continued(bare, piece, pieces[at + 1:])
                return title, tags + joined, after
            address = absolute(piece.href, base) or ""
            people = names_in(before.strip(" .,:;\"“"), False)
            if (len(bare.split()) >= 3 or people) and (piece.style == "b" or is_paper(address)) \
                    and len(before.split()) <= 40:
                return bare, tags + joined, pieces[at + 1:]
        if marked and bare and _is_tag(bare):  # which is no part of a title
            tags += f"[{bare}] "
            lead.append(" ")
        else:
            lead.append(piece.text)
    return _from_words(tags + "".join(lead), [])


def _continued(bare: str, piece: _Piece, after: list[_Piece]) -> tuple[str, list[_Piece]]:
    """A title that goes on after a short name in bold: "**SAM**: Segment Anything"."""
    name = bare.rstrip(":")
    text = after[0].text if after and not after[0].href else ""
    if len(name.split()) <= 2 and (piece.text.rstrip().endswith(":") or re.match(r"\s*:\s", text)):
        words = text.lstrip(" :")
        found = _TITLE_END.search(words)
        more = (words[:found.start()] if found else words).strip()
        if not more and len(after) > 1 and not after[1].label:
            return f"{name}: {_bare(after[1].text)}", after[2:]
        if more:
            return _bare(f"{name}: {more}"), [_Piece(words[found.start():] if found else ""), *after[1:]]
    return _bare(bare.rstrip(":")), after


def _from_words(words: str, after: list[_Piece]) -> tuple[str, str, list[_Piece]]:
    """The title in plain words: what is quoted, or what comes before authors, venue or a description."""
    words = " ".join(words.split())
    prefix = _PREFIX.match(words)
    begin = prefix.end() if prefix else 0
    quoted = _QUOTED.search(words[:2000], begin)
    if quoted and (quoted.start() == begin or len(words[begin:quoted.start()].split()) <= 30):
        return _bare(quoted[1]), words[:quoted.start()], [_Piece(words[quoted.end():]), *after]
    for found in _TITLE_END.finditer(words[:4000], begin):
        if len(words[begin:found.start()].split()) >= 2:
            end = found.start() + (found[0] in "?!")
            return _bare(words[begin:end]), words[:begin], [_Piece(words[found.start():].lstrip(".?!")), *after]
    return _bare(words[begin:]), words[:begin], after


def _bare(text: str) -> str:
    text = " ".join(text.split())
    text = re.sub(r"^[\[(]?\d{1,3}(?:[.):]{1,2}|\])\s+", "", text)
    text = text.strip("*_ ,;:|").rstrip(".") if not text.endswith("...") else text.strip("*_ ,;:|")
    pairs = {"“": "”", '"': '"', "«": "»", "[": "]"}
    if len(text) > 2 and pairs.get(text[0]) == text[-1]:
        text = text[1:-1].strip(" ,.")
    return text.rstrip(" ([{")


def _is_tag(text: str) -> bool:
    """A venue, a day, a number or a label in bold before the title."""
    short = text.strip("[](){} :")
    return bool(not any(map(str.isalpha, short)) or LABEL.fullmatch(short[:80]) or written_day(short)
                or (len(short.split()) <= 4 and (VENUE.search(short) and YEAR.search(short)))
                or re.fullmatch(r"[A-Z][A-Za-z-]{1,12}(?:[ -]?['’]?\d{2,4})", short)
                or re.fullmatch(r"\[[^\[\]]*\]", text))
