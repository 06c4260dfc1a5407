"""The full-text indexes beside the table of search texts: SQLite FTS5 or PostgreSQL tsvector.

Words are kept as they are written, in lower case; a query brings singular, plural and other spellings along. Authors
and identifiers have an index of their own, so that they neither match nor weigh where words are asked for. The
database keeps both in step by itself: triggers there, generated columns here. A migration that makes SQLite rebuild
the table papers_searchtext drops its triggers, so it must end with `install`.
"""

from __future__ import annotations

TABLE = "papers_searchtext"
WORDS = f"{TABLE}_words"
NAMES = f"{TABLE}_names"
INDEXES = {WORDS: ("title", "body"), NAMES: ("authors", "ids")}  # the second column weighs less


def sqlite_statements(index: str) -> tuple[str, ...]:
    """Create the index of these columns with the triggers that keep it, and fill it."""
    columns = ", ".join(INDEXES[index])
    old, new = (", ".join(f"{row}.{column}" for column in INDEXES[index]) for row in ("old", "new"))
    forget = f"INSERT INTO {index}({index}, rowid, {columns}) VALUES ('delete', old.id, {old});"
    learn = f"INSERT INTO {index}(rowid, {columns}) VALUES (new.id, {new});"
    return (
        f"CREATE VIRTUAL TABLE {index} USING fts5({columns}, content='{TABLE}', content_rowid='id', "
        "tokenize='unicode61 remove_diacritics 2', prefix='3')",
        f"CREATE TRIGGER {index}_insert AFTER INSERT ON {TABLE} BEGIN {learn} END",
        f"CREATE TRIGGER {index}_delete AFTER DELETE ON {TABLE} BEGIN {forget} END",
        f"CREATE TRIGGER {index}_update AFTER UPDATE OF {columns} ON {TABLE} BEGIN {forget} {learn} END",
        f"INSERT INTO {index}({index}) VALUES ('rebuild')",
    )


def sqlite_removal(index: str) -> tuple[str, ...]:
    return (*(f"DROP TRIGGER IF EXISTS {index}_{event}" for event in ("insert", "update", "delete")),
            f"DROP TABLE IF EXISTS {index}")


def postgresql_statements(index: str) -> tuple[str, ...]:
    """A generated column named as the end of the index's name says, and the index on it."""
    # Only letters and digits reach the parser: left alone it reads "resnet-50" as a word and a negative number.
    words = " || ".join(
        f"setweight(to_tsvector('simple', regexp_replace({column}, '[^[:alnum:]]+', ' ', 'g')), '{weight}')"
        for column, weight in zip(INDEXES[index], "AD", strict=True))
    column = index.removeprefix(f"{TABLE}_")
    return (f"ALTER TABLE {TABLE} ADD COLUMN {column} tsvector GENERATED ALWAYS AS ({words}) STORED",
            f"CREATE INDEX {index} ON {TABLE} USING gin ({column})")


def postgresql_removal(index: str) -> tuple[str, ...]:
    return (f"DROP INDEX IF EXISTS {index}",
            f"ALTER TABLE {TABLE} DROP COLUMN IF EXISTS {index.removeprefix(f'{TABLE}_')}")


def install(apps, schema_editor) -> None:
    """Create anew the indexes whose columns there are; an early migration has no authors yet.

    Raises NotImplementedError for a database without full-text search here.
    """
    remove(apps, schema_editor)
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        there = {column.name for column in connection.introspection.get_table_description(cursor, TABLE)}
    make = {"sqlite": sqlite_statements, "postgresql": postgresql_statements}[connection.vendor]
    for index, columns in INDEXES.items():
        if set(columns) <= there:
            _run(schema_editor, make(index))


def remove(apps, schema_editor) -> None:
    vendor = schema_editor.connection.vendor
    if vendor not in ("sqlite", "postgresql"):
        raise NotImplementedError(f"search needs SQLite or PostgreSQL, not {vendor}")
    for index in INDEXES:
        _run(schema_editor, sqlite_removal(index) if vendor == "sqlite" else postgresql_removal(index))


def _run(schema_editor, statements: tuple[str, ...]) -> None:
    for statement in statements:
        schema_editor.execute(statement, params=None)
