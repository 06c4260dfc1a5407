"""Which papers a bibliography is of."""

from papers.extensions import Asker
from papers.search.forms import filters_from
from papers.search.fusion import search


def papers_found(typed: str, fields, asker: Asker = None) -> list[int]:
    """The primary keys of the papers that a search with the fields of its page finds, in its order."""
    filters, _ = filters_from(fields, asker)
    return [paper for _, paper in search(typed, filters=filters, limit=1).found if paper]
