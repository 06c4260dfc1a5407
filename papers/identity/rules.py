"""Whether two papers can be one, by what is known of them beside their identifiers. No database.

Works on records and on papers alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from papers.digests.titles import title_key

if TYPE_CHECKING:
    from papers.digests.records import Record
    from papers.models import Paper
    Known = Record | Paper

LIKE = 80.0  # titles at least so alike (rapidfuzz ratio) can be two spellings of one paper with one identifier
NEAR = 88.0  # ... and without one, so alike is a question to a person
SPELLING = 80.0  # ... where the words that differ are themselves so alike
# Titles that say nothing of the paper: they are one only where everything else agrees too
GENERIC = frozenset((
    "abstract", "abstracts", "acknowledgements", "acknowledgments", "author index", "back matter", "bibliography",
    "book review", "book reviews", "call for papers", "comment", "comments", "committees", "conclusion", "conclusions",
    "contents", "contributors", "corrigendum", "discussion", "editor s note", "editorial", "editorial board",
    "editors note", "errata", "erratum", "foreword", "front matter", "glossary", "guest editorial",
    "guest editors introduction", "guest editor s introduction", "in memoriam", "index", "introduction",
    "introduction to the special issue", "invited talk", "invited talks", "keynote", "keynotes",
    "message from the chairs", "message from the editor", "news", "obituary", "opening remarks",
    "organizing committee", "organization", "overview", "panel", "poster", "posters", "preface", "proceedings",
    "program committee", "publication information", "reply", "response", "retraction", "review", "reviewers", "summary",
    "table of contents", "title page", "tutorial", "tutorials", "welcome", "welcome message", "workshop"))
_AGAINST = frozenset("""no not non never neither nor without cannot isn aren don doesn against anti un vs i ii iii iv v
 vi vii viii ix x part volume vol one two three four five first second third revisited reply comment correction
 corrigendum erratum retracted retraction response addendum supplement supplementary""".split())
_OPPOSITE = ("un", "in", "im", "ir", "il", "non", "dis", "anti", "de", "semi", "self", "sub", "super", "multi",
             "bi", "over", "under", "hyper", "hypo", "inter", "intra", "pre", "post")
_SMALL = frozenset("a an and at by for from in of on the to with".split())
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv", "phd"))


@dataclass(frozen=True, slots=True)
class Opinion:
    """Whether they are one; where they are not, why, and whether a person should be asked."""

    same: bool
    why: str = ""
    ask: bool = False


SAME = Opinion(True)


def differ(this, other) -> bool:
    """Both are known, and are not the same."""
    return bool(this and other and this != other)


def same_title(one: Known, other: Known, key: str) -> Opinion:
    """What is to be thought of two that have the same title, whose key is given.

    Two arXiv ids are two papers; so are people who have nobody in common. Years more than one apart, or two DOIs, need
    common people to be one paper (a preprint and its journal version); both together are two papers all the same.
    """
    if differ(one.arxiv_id, other.arxiv_id):
        return Opinion(False, f"arXiv {one.arxiv_id} and {other.arxiv_id}")
    shared = shared_people(one.authors, other.authors)
    if shared is False:
        return Opinion(False, "nobody in common among the authors")
    apart = abs(one.year - other.year) if one.year and other.year else 0
    dois = differ(one.doi, other.doi)
    if key in GENERIC:
        alike = (one.year == other.year and bool(one.authors) == bool(other.authors)
                 and not dois and bool(one.doi) == bool(other.doi))
        return SAME if alike else Opinion(False, "a title that many have, and other facts")
    years = f"years {one.year} and {other.year}"
    if dois and (not shared or apart > 1):
        return Opinion(False, f"DOIs {one.doi} and {other.doi}" + (f", {years}" if apart else ""), ask=True)
    if apart > (3 if shared else 1):
        return Opinion(False, years, ask=True)
    return SAME


def same_identifier(title: str, key: str, other_key: str) -> bool:
    """Whether two that share an identifier, other than an arXiv id, can be one paper by their titles.

    A list's DOI may be that of the whole proceedings. A subtitle more or less is no other title.
    """
    if key == other_key:
        return True
    if key in GENERIC or other_key in GENERIC or told_apart(key, other_key):
        return False
    short, long = sorted((key, other_key), key=len)
    return fuzz.ratio(key, other_key) >= LIKE or (long.startswith(f"{short} ") and " " in short)


def near_title(key: str, other_key: str) -> float:
    """How alike the keys of two other titles are, 0 to 100; 0 where a word, a digit or a "not" decides.

    What only one of them has are spellings of what only the other has, or articles and the like.
    """
    score = fuzz.ratio(key, other_key, score_cutoff=NEAR)
    if not score or key == other_key or key in GENERIC or other_key in GENERIC or told_apart(key, other_key):
        return 0.0
    ours, theirs = _only(key, other_key), _only(other_key, key)
    if _SMALL.issuperset((*ours, *theirs)) or fuzz.ratio("".join(ours), "".join(theirs)) >= SPELLING:
        return score
    return 0.0


def told_apart(key: str, other_key: str) -> bool:
    """Whether the words that only one of two titles has are of those that make another paper.

    Numbers, parts, negations, signs such as ++, and opposites such as "supervised" and "unsupervised".

    >>> told_apart("yolo v3 an improvement", "yolo v4 an improvement")
    True
    >>> told_apart("attention is all you need", "atention is all you need")
    False
    """
    ours, theirs = _only(key, other_key), _only(other_key, key)
    if any(word in _AGAINST or _is_sign(word) for word in (*ours, *theirs)):
        return True
    words = set(ours) | set(theirs)
    return any(prefix + word in words and prefix not in words
               for word in words if len(word) > 2 for prefix in _OPPOSITE)


def _is_sign(word: str) -> bool:
    """A number, a letter alone (but the article), or a word with a sign in it."""
    return (len(word) == 1 and word != "a") or any(
        ch.isdigit() or not (ch.isalnum() or unicodedata.category(ch).startswith("M")) for ch in word)


def _only(key: str, other_key: str) -> list[str]:
    words = key.split()
    for word in other_key.split():
        if word in words:
            words.remove(word)
    return words


def shared_people(these: Iterable[str], those: Iterable[str]) -> bool | None:
    """Whether somebody wrote both; None where the authors of one are not known."""
    ours, others = people(tuple(these)), people(tuple(those))
    return bool(ours & others) if ours and others else None


@lru_cache(4096)
def people(names: tuple[str, ...]) -> frozenset[str]:
    """What people are known again by: the family name, and all names in whatever order."""
    found: set[str] = set()
    for name in names:
        family_first = "," in name
        words = [word for word in title_key(name).split() if word not in _SUFFIXES]
        if not words or words in (["others"], ["et", "al"]):
            continue
        family = title_key(name.partition(",")[0]).split()[-1:] if family_first else words[-1:]
        found.update(family, [" ".join(sorted(words))] if len(words) > 1 else [])
    return frozenset(found)


def plain_text(text: str) -> str:
    """A text as versions of it are told apart: no case, no spacing, no punctuation."""
    return re.sub(r"\W+", " ", text).strip().casefold()
