"""Keeping what people did."""

from __future__ import annotations

import secrets

from config.audit.models import Entry
from papers.history import ACTING_TOKEN, Act


def keep(act: Act) -> None:
    """One entry for each object, in the transaction of the act."""
    key = secrets.token_hex(8)
    Entry.objects.bulk_create(
        Entry(act=key, leading=number == 0, account=act.by.pk, name=act.by.get_username()[:150],
              token=getattr(act.by, ACTING_TOKEN, "")[:100], verb=act.verb, kind=kind, key=name[:160],
              words=act.words[:2000])
        for number, (kind, _, name) in enumerate(thing.partition(":") for thing in dict.fromkeys(act.objects)))
