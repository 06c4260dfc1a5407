"""Papers as BibTeX."""

from collections.abc import Iterable

from django.utils.text import slugify

from papers.models import Paper
from papers.tex import address, author, escaped


def bibtex(papers: Iterable[Paper]) -> str:
    """One entry per paper, in UTF-8, keys made unique with a letter."""
    used: dict[str, int] = {}
    return "\n".join(_entry(paper, used) for paper in papers)


def _entry(paper: Paper, used: dict[str, int]) -> str:
    fields = {
        "title": f"{{{escaped(paper.title)}}}",  # the second pair of braces keeps the title's capitals
        "author": " and ".join(author(name) for name in paper.authors if name.strip()),
        "year": str(paper.year or ""),
        "month": paper.published_on.strftime("%b").lower() if paper.published_on else "",
        "doi": address(paper.doi or ""),
        "eprint": address(paper.arxiv_id or ""),
        "archivePrefix": "arXiv" if paper.arxiv_id else "",
        "url": address(paper.web_urls[0]) if paper.web_urls else "",
        "abstract": "" if paper.described else escaped(paper.abstract),
    }
    lines = [f"  {name} = {{{value}}}" if name != "month" else f"  {name} = {value}"
             for name, value in fields.items() if value]
    return f"@{'misc' if paper.arxiv_id or not paper.doi else 'article'}{{{_key(paper, used)},\n" \
        + ",\n".join(lines) + "\n}\n"


def _key(paper: Paper, used: dict[str, int]) -> str:
    family = slugify(next((name.split()[-1] for name in paper.authors if name.strip()), ""))
    words = [word for word in slugify(paper.title).split("-") if len(word) > 3] or [f"paper{paper.pk}"]
    key = f"{family}{paper.year or ''}{words[0]}" or f"paper{paper.pk}"
    used[key] = used.get(key, 0) + 1
    return key if used[key] == 1 else f"{key}-{used[key]}"
