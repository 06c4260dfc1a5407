"""Which migrations a database has, and the models as they describe it."""

from __future__ import annotations

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import StateApps

from config.backup.archive import BackupError

Migrations = dict[str, list[str]]


def applied_migrations(connection: BaseDatabaseWrapper) -> Migrations:
    """The names of the applied migrations by app; empty for a database without tables. Raises BackupError."""
    try:
        found: Migrations = {}
        for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
            found.setdefault(app, []).append(name)
        return found
    except DatabaseError as error:
        raise BackupError(f"the database cannot be read: {error}") from error


def refuse_unknown(migrations: Migrations, what: str) -> None:
    """Raises BackupError when `what` has migrations that this code does not know."""
    known = MigrationLoader(None).disk_migrations or {}
    unknown = [f"{app}.{name}" for app, names in migrations.items() for name in names if (app, name) not in known]
    if unknown:
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        raise BackupError(f"{what} is of a newer version: this code does not know the migration "
                          f"{', '.join(unknown[:3])}{more}. Update the code first. Nothing was changed.")


def newest(migrations: Migrations) -> list[tuple[str, str]]:
    """The migrations that no other of them builds on, as targets."""
    graph = MigrationLoader(None).graph
    nodes = {(app, name) for app, names in migrations.items() for name in names if (app, name) in graph.nodes}
    return sorted(node for node in nodes if not any(
        child.key in nodes and child.key[0] == node[0] for child in graph.node_map[node].children))


def models_at(migrations: Migrations) -> StateApps:
    """The models as they were when just these migrations were applied."""
    return MigrationLoader(None).project_state(newest(migrations)).apps


def migrate(connection: BaseDatabaseWrapper, migrations: Migrations | None) -> None:
    """Bring the database to the state of `migrations`, or of all there are."""
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes() if migrations is None else newest(migrations))
