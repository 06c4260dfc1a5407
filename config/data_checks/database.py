"""The database by itself: its file, its tables, rows that point to nothing, tables that should not be empty."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Exists, OuterRef, QuerySet

from config.data_checks.findings import MEND, Finding, named, set_rows_aside
from evaluations.models import Claim, Prepared, Run, Score, Verdict
from methods.models import Arena, Method
from papers.models import Digest, Paper, SearchText, Vector
from papers.search import full_text

RESTORE = "stop the site and put the last backup back: manage.py restore FILE"
DERIVED: tuple[type[models.Model], ...] = (Vector, Verdict)  # computed from other rows: nothing to set aside


def readable() -> Iterator[Finding]:
    """Whether the rest can be looked at at all."""
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        yield Finding("database", f"it cannot be read: {error}", RESTORE)
        return
    if plan:
        names = named(f"{migration.app_label}.{migration.name}" for migration, _ in plan)
        yield Finding("database", f"it lacks {len(plan)} changes of this code: {names}", "manage.py migrate")


def integrity() -> Iterator[Finding]:
    """SQLite's own look at every page, and at the full-text index against its table."""
    if connection.vendor != "sqlite":
        return  # PostgreSQL checks its pages as it reads them
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check(20)")
        said = [row[0] for row in cursor.fetchall()]
    words = [line for line in said if any(index in line for index in full_text.INDEXES)]
    if broken := [line for line in said if line != "ok" and line not in words]:
        yield Finding("database", f"its file is damaged: {named(broken)}", RESTORE)
    elif words or (problem := _words_problem()):
        yield Finding("search", "the full-text index does not fit its texts: " + (named(words) if words else problem),
                      MEND, _rebuild_words)


def _words_problem() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'trigger') AND name LIKE %s",
                       [f"{full_text.TABLE}%"])
        there = {row[0] for row in cursor.fetchall()}
        wanted = {f"{index}{end}" for index in full_text.INDEXES for end in ("", "_insert", "_update", "_delete")}
        if missing := sorted(wanted - there):
            return f"{', '.join(missing)} missing"
        try:
            for index in full_text.INDEXES:
                cursor.execute(f"INSERT INTO {index}({index}, rank) VALUES ('integrity-check', 1)")
        except DatabaseError as error:
            return str(error)
    return ""


def _rebuild_words() -> str:
    with transaction.atomic(), connection.cursor() as cursor:
        for index in full_text.INDEXES:
            for statement in full_text.sqlite_removal(index) + full_text.sqlite_statements(index):
                cursor.execute(statement)
    return "built anew from the texts"


def lost_parents() -> Iterator[Finding]:
    """Rows whose foreign key names a row that is not there."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not model._meta.managed:
            continue
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey):
                if lost := list(_lost(model, field).values_list("pk", flat=True)):
                    yield _lost_finding(model, field, lost)


def _lost(model: type[models.Model], field: models.ForeignKey) -> QuerySet:
    parent = field.remote_field.model._base_manager.filter(**{field.target_field.attname: OuterRef(field.attname)})
    return model._base_manager.filter(~Exists(parent), **{f"{field.attname}__isnull": False}).order_by("pk")


def _lost_finding(model: type[models.Model], field: models.ForeignKey, pks: list) -> Finding:
    def mend() -> str:
        if field.null:
            return f"{model._base_manager.filter(pk__in=pks).update(**{field.attname: None})} rows point to none now"
        if model in DERIVED:
            model._base_manager.filter(pk__in=pks).delete()
            return f"{len(pks)} rows removed; they are computed anew"
        return set_rows_aside(model, pks)
    return Finding("foreign keys", f"{len(pks)} rows of {model._meta.label} ({named(pks)}) have a {field.name} that is "
                   "not there", f"{MEND} sets them aside; or, if much is missing, {RESTORE}", mend)


def empty_tables() -> Iterator[Finding]:
    """Tables that every prepared installation has rows in."""
    if not Arena.objects.exists() or not Method.objects.exists():
        yield Finding("empty tables", "there are no arenas or no methods: the library was never read",
                      "manage.py prepare", _prepare)
        return
    if not Claim.objects.exists() and any(Method.objects.filter(present=True).values_list("claims", flat=True)):
        yield Finding("empty tables", "the methods make claims, but there are no claims", f"{MEND}", _prepare)
    for model, follows in ((Paper, Digest), (SearchText, Paper), (Score, Run)):
        wanted = Run.objects.filter(state=Run.DONE) if follows is Run else follows._base_manager.all()
        if wanted.exists() and not model._base_manager.exists():
            yield Finding("empty tables", f"there are {wanted.count()} {follows._meta.verbose_name_plural}, but no "
                          f"{model._meta.verbose_name_plural}", RESTORE)
    if not get_user_model()._default_manager.filter(is_superuser=True, is_active=True).exists():
        yield Finding("empty tables", "nobody can administer the site", "manage.py login_link", _login)


def _prepare() -> str:
    Prepared.objects.all().delete()  # what was done before does not count: its rows are gone
    call_command("prepare", verbosity=0)
    return "prepared anew"


def _login() -> str:
    call_command("login_link")
    return "an administrator was made; the link above logs in"
