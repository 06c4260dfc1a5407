"""The real method library mirrored into the test database, real vectors for it, and a small arena to change."""

import pytest
from django.db import connection

from tests.methods.tiny import tiny  # noqa: F401  a fixture


@pytest.fixture(scope="session")
def kept_tables() -> dict[str, dict[str, list[tuple]]]:
    """What tables held when the library was first read, and when it was first embedded: both take longer than tests."""
    return {}


@pytest.fixture
def library(db, kept_tables):
    """Arenas and methods as the files say, with the papers they name."""
    from methods.mirror import import_starter_digest, sync_methods
    if "read" in kept_tables:
        _put(kept_tables["read"])
        return
    before = _tables()
    sync_methods()
    import_starter_digest()
    kept_tables["read"] = _changed(before)


@pytest.fixture
def embedded(library, kept_tables):
    """The library with its vectors, index and clusters."""
    from papers.search.refresh import embed_texts
    if "embedded" in kept_tables:
        _put(kept_tables["embedded"])
        embed_texts()  # what is not in the tables, such as the index
        return
    before = _tables()
    embed_texts()
    kept_tables["embedded"] = _changed(before)


def _changed(before: dict[str, list[tuple]]) -> dict[str, list[tuple]]:
    return {table: rows for table, rows in _tables().items() if rows != before[table]}


def _tables() -> dict[str, list[tuple]]:
    with connection.cursor() as cursor:
        return {table: cursor.execute(f'SELECT * FROM "{table}"').fetchall()
                for table in connection.introspection.django_table_names(only_existing=True, include_views=False)}


def _put(tables: dict[str, list[tuple]]) -> None:
    with connection.cursor() as cursor:
        for table, rows in tables.items():
            cursor.execute(f'DELETE FROM "{table}"')
            if rows:
                cursor.executemany(f'INSERT INTO "{table}" VALUES ({", ".join(["%s"] * len(rows[0]))})', rows)
