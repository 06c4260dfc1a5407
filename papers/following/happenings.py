"""Writing down what happened, where it happened: one small row in the same transaction, read within a minute."""

from collections.abc import Iterable

from papers.following.models import Happening


def happened(kind: str, *refs: object) -> None:
    """Each ref is what the kind's reader finds it by, mostly a primary key."""
    all_happened(kind, refs)


def all_happened(kind: str, refs: Iterable[object]) -> None:
    Happening.objects.bulk_create([Happening(kind=kind, ref=str(ref)) for ref in refs])
