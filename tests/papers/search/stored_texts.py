"""Search texts as the services store them, with the papers they belong to."""

from papers.models import Paper, SearchText
from papers.search_texts import record_search_texts
from papers.storing import _forget_papers


def search_texts(*rows: tuple[str, str, str, str]) -> None:
    """Record (kind, key, title, body) as search texts, with the papers that the keys name."""
    for kind, key, title, body in rows:
        if kind == "paper":
            Paper.objects.get_or_create(pk=int(key), defaults={"title": title, "abstract": body, "title_key": key})
    record_search_texts(rows)


def forget(text: SearchText) -> None:
    """Take a paper's text away as the services do, together with the paper."""
    _forget_papers([text.paper_id])
