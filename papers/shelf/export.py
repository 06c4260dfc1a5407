"""What an account keeps, as data: for the API and the account's own file alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from papers.models import Paper
from papers.shelf.selectors import Kept, everything_kept

LOT = 200


def exported(user) -> Iterator[dict[str, Any]]:
    """Everything the account keeps, by the paper's number."""
    lot: list[Kept] = []
    for kept in everything_kept(user):
        lot.append(kept)
        if len(lot) == LOT:
            yield from as_data(lot)
            lot = []
    yield from as_data(lot)


def as_data(kept: Iterable[Kept]) -> list[dict[str, Any]]:
    """Each with its paper's title and identifiers, moments in ISO 8601."""
    kept = list(kept)
    papers = Paper.objects.only("title", "arxiv_id", "doi").in_bulk([each.paper for each in kept])
    return [{"paper": each.paper, "title": papers[each.paper].title, "arxiv_id": papers[each.paper].arxiv_id,
             "doi": papers[each.paper].doi, "starred_at": _moment(each.starred_at), "read_at": _moment(each.read_at),
             "hidden_at": _moment(each.hidden_at), "note": each.note, "tags": [name for name, _ in each.tags],
             "lists": [name for _, name in each.lists]} for each in kept if each.paper in papers]


def _moment(moment) -> str | None:
    return moment.isoformat() if moment else None
