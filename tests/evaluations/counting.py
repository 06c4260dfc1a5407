"""Counting what is fetched from the database, for tests of how much work a page is."""

from contextlib import contextmanager
from unittest import mock


@contextmanager
def fetched(model):
    """The rows of a model that are built while this lasts, however they are asked for."""
    rows = []
    build = model.from_db.__func__

    def from_db(cls, *args):
        row = build(cls, *args)
        rows.append(row)
        return row

    with mock.patch.object(model, "from_db", classmethod(from_db)):
        yield rows
