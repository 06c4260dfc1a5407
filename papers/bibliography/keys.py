"""Citation keys: readable, given to a paper once, and kept whatever is learned of it later."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils.text import slugify

from papers.models import Paper

KEY_LIMIT = 60  # characters, without what tells two apart
_SMALL = set("the and for with from into onto over under about against between through via can does what when where "
             "which why how are not all you need its our your their towards toward using than that this".split())
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i"})


def key_of(*, title: str, authors: Iterable[str], year: int | None) -> str:
    """Family name, year and the title's first telling word: "vaswani2017attention"; of the title alone two words.

    >>> key_of(title="Attention Is All You Need", authors=["Ashish Vaswani"], year=2017)
    'vaswani2017attention'
    """
    family = next((_plain(name.split()[-1]) for name in authors if name.strip()), "")
    words = [word for word in (_plain(part) for part in re.split(r"[\s:/–—-]+", title)) if len(word) > 2]
    telling = [word for word in words if word not in _SMALL] or words
    return "".join([family, str(year or ""), *telling[:1 if family else 2]])[:KEY_LIMIT]


def give_keys(papers: list[Paper], among: QuerySet | None = None) -> None:
    """Set `cite_key` of papers about to be stored; one that another paper (`among` all) has gets a mark of its own."""
    among = Paper.objects.all() if among is None else among
    wanted = {id(paper): key_of(title=paper.title, authors=paper.authors, year=paper.year) for paper in papers}
    taken = set(among.filter(cite_key__in=set(wanted.values())).values_list("cite_key", flat=True))
    for paper in papers:
        key = wanted[id(paper)]
        paper.cite_key = told_apart(key, paper.title_key, paper.arxiv_id) if not key or key in taken else key
        taken.add(paper.cite_key)


def told_apart(key: str, *marks: str | None) -> str:
    """The key with four signs made of the marks, the same for the same marks."""
    return f"{key or 'paper'}-{hashlib.sha256(repr(marks).encode()).hexdigest()[:4]}"


def _plain(word: str) -> str:
    word = unicodedata.normalize("NFKD", word.casefold()).translate(_LETTERS)
    return slugify(word).replace("-", "").replace("_", "")
