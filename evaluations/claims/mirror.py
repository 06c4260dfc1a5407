"""Claim rows, mirrored from the cards that the methods app mirrored from the files."""

from django.db import transaction

from evaluations.models import Claim
from methods.models import Method


@transaction.atomic
def sync_claims() -> int:
    """Make the claim rows of every present method equal its card; returns how many there are.

    A claim keeps its row, and so its verdicts, as long as it says the same; a changed claim starts anew.
    """
    total = 0
    for method in Method.objects.filter(present=True).prefetch_related("claim_rows"):
        rows = {row.position: row for row in method.claim_rows.all()}
        for position, fields in enumerate(method.claims):
            total += 1
            row = rows.pop(position, None)
            if row and any(getattr(row, name) != value for name, value in fields.items()):
                row.delete()
                row = None
            if row is None:
                Claim.objects.create(method=method, position=position, **fields)
        for row in rows.values():
            row.delete()
    return total
