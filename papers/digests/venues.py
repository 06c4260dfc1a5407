"""Where a paper appeared: the name as a source writes it, cleaned, and the short form that a row has room for."""

import re
import unicodedata
from html import unescape

from papers.digests.latex import plain

VENUE_LIMIT = 300  # what the database column holds
SHORT = 40  # characters in a row

_NO_VENUE = re.compile(
    r"(?:computing research repository|arxiv(?:\.org)?|corr|e-?prints?|preprint|under review|submitted|n/?a|none|null|"
    r"unknown|not available|cornell university(?: library)?|v?abs/\S+|\d{4}\.\d{4,5}(?:v\d+)?|"
    r"[a-z-]+/\d{7}(?:v\d+)?|vol(?:ume)?\.?|[12]\d{3}|\[[\w.-]+\]|in|on|at|\W)++", re.I)
_TAGS = re.compile(r"</?(?:i|b|em|strong|su[bp]|span|scp|jats:\w+)(?:\s[^<>]{0,100})?/?>", re.I)
# Words of the names that lists write for what readers know by its initials, the first that fits counts
_KNOWN = (
    ("neural information processing systems", "NeurIPS"), ("international conference on machine learning", "ICML"),
    ("international conference on learning representations", "ICLR"), ("journal of machine learning research", "JMLR"),
    ("transactions on machine learning research", "TMLR"), ("conference on learning theory", "COLT"),
    ("artificial intelligence and statistics", "AISTATS"), ("uncertainty in artificial intelligence", "UAI"),
    ("computer vision and pattern recognition", "CVPR"), ("european conference on computer vision", "ECCV"),
    ("winter conference on applications of computer vision", "WACV"),
    ("international conference on computer vision", "ICCV"), ("british machine vision", "BMVC"),
    ("pattern analysis and machine intelligence", "TPAMI"), ("international journal of computer vision", "IJCV"),
    ("north american chapter of the association for computational linguistics", "NAACL"),
    ("european chapter of the association for computational linguistics", "EACL"),
    ("transactions of the association for computational linguistics", "TACL"),
    ("empirical methods in natural language processing", "EMNLP"), ("conference on language modeling", "COLM"),
    ("meeting of the association for computational linguistics", "ACL"),
    ("international conference on computational linguistics", "COLING"), ("aaai conference", "AAAI"),
    ("international joint conference on artificial intelligence", "IJCAI"),
    ("international joint conferences on artificial intelligence", "IJCAI"),
    ("knowledge discovery and data mining", "KDD"), ("conference on robot learning", "CoRL"),
    ("conference on robotics and automation", "ICRA"), ("intelligent robots and systems", "IROS"),
    ("speech and signal processing", "ICASSP"), ("national academy of sciences", "PNAS"))
_BRACKETED = re.compile(r"\(([A-Z][A-Za-z-]{1,11}(?:[ ’'-]?\d{2,4})?)\)\s*$")


def clean_venue(text) -> str:
    """The venue's name on one line; "" for what is none, such as a preprint's number where a journal would stand.

    >>> clean_venue("Proc. {ICML} \\\\& Co."), clean_venue("arXiv preprint arXiv:1707.99052"), clean_venue("CoRR")
    ('Proc. ICML & Co.', '', '')
    """
    if not isinstance(text, str) or not text.strip():
        return ""
    text = " ".join(unescape(_TAGS.sub("", plain(text[:2000]))).replace("{", "").replace("}", "").split())
    text = re.sub(r"(?<=\d)\.$", "", text.strip(" ,;:|*_"))
    if _NO_VENUE.fullmatch(text[:VENUE_LIMIT]) or not any(map(str.isalpha, text)) \
            or re.match(r"https?:|www\.|10\.\d{4}", text):
        return ""
    return text if len(text) <= VENUE_LIMIT else f"{text[:VENUE_LIMIT - 1].rstrip()}…"


def short_venue(venue: str) -> str:
    """The name as a row has room for it: well-known initials with a year that the name has, else its beginning.

    >>> short_venue("Advances in Neural Information Processing Systems 34"), short_venue("Nature")
    ('NeurIPS', 'Nature')
    >>> short_venue("2021 IEEE/CVF International Conference on Computer Vision (ICCV)")
    'ICCV 2021'
    """
    if len(venue) <= 12:
        return venue
    initials = initials_of(venue)
    if not initials and (found := _BRACKETED.search(venue)):
        initials = found[1]
    if initials:
        workshop = " workshop" if re.search(r"\bworkshops?\b", venue, re.I) else ""
        year = re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", venue)
        return initials + workshop + (f" {year[0]}" if year and year[0] not in initials else "")
    return venue if len(venue) <= SHORT else f"{venue[:SHORT - 1].rstrip(' ,;:(-')}…"


def initials_of(venue: str) -> str:
    """The initials of a well-known venue that the name spells out; "" for others."""
    plain_name = "".join(ch for ch in unicodedata.normalize("NFKD", venue.casefold()) if not unicodedata.combining(ch))
    name = " ".join(re.sub(r"[\W_]+", " ", plain_name).split())
    return next((initials for words, initials in _KNOWN if words in name), "")


def known_initials(text: str) -> str:
    """Initials in whatever case as they are usually written; "" where they are no well-known venue's."""
    return next((initials for _, initials in _KNOWN if initials.lower() == text.lower()), "")


def names_of(initials: str) -> list[str]:
    """Words of the full names of a well-known venue, for a search by its initials."""
    return [words for words, known in _KNOWN if known.lower() == initials.strip().lower()]
