"""What people may do: four roles, each a group with permissions, and what the scopes of a token stand for.

The groups are made and kept as they are here whenever tables are migrated. Other mixtures are groups of one's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.apps import apps as installed
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import Q

from papers import history

IMPORTING = ("papers.add_digest", "papers.delete_digest", "papers.add_source", "papers.change_source",
             "papers.delete_source")
CURATING = ("papers.change_paper", "methods.change_paperlink", "evaluations.change_claim", "evaluations.add_snapshot",
            "evaluations.change_snapshot")
RUNNING = ("evaluations.add_run", "evaluations.change_run")
INVITING = "accounts.add_invitation"
LEADING = ("accounts.manage_people", "audit.view_entry")


@dataclass(frozen=True)
class Role:
    """A group and what it may do; `words` say it to people."""

    name: str
    words: str
    permissions: tuple[str, ...] = ()


READER = Role("reader", "reads, keeps own lists, asks for runs")
CURATOR = Role("curator", "imports, links, merges, decides on reported numbers, invites",
               (*IMPORTING, *CURATING, INVITING))
RUNNER = Role("runner", "starts, cancels and repeats runs, answers requests; so much computing a day", RUNNING)
ADMIN = Role("admin", "all that curators and runners may, without a limit; gives roles, sees what everybody did",
             (*IMPORTING, *CURATING, *RUNNING, INVITING, *LEADING))
ROLES = {role.name: role for role in (READER, CURATOR, RUNNER, ADMIN)}


@dataclass(frozen=True)
class Scope:
    """A part of what its owner may do that a token is given."""

    words: str
    permissions: tuple[str, ...] = ()


SCOPES = {
    "read": Scope("read, also what only you see"),
    "own": Scope("change what is yours alone: lists, notes, requests"),
    "import": Scope("import digests, keep sources", IMPORTING),
    "curate": Scope("link, merge, decide, freeze tables", CURATING),
    "run": Scope("start, cancel and repeat runs", RUNNING),
    "admin": Scope("everything else you may do", (INVITING, *LEADING)),
}


def scope_of(permission: str, *, reading: bool) -> str:
    """The scope that a token needs for an operation with this permission ("" is for everybody who has logged in)."""
    if not permission:
        return "read" if reading else "own"
    return next((name for name, scope in SCOPES.items() if permission in scope.permissions), "admin")


class RoleError(ValueError):
    """A role that cannot be given or taken. The message says why."""


def make_groups(*, using: str = "default", apps: Apps = installed, **kwargs) -> None:
    """After a migration: every role's group, with exactly its permissions."""
    labels = {name.partition(".")[0] for name in ADMIN.permissions}
    try:
        for label in ("auth", *labels):
            apps.get_app_config(label)
    except LookupError:  # migrated only so far
        return
    for config in installed.get_app_configs():
        if config.label in labels:
            create_permissions(config, verbosity=0, using=using)
    for role in ROLES.values():
        group, _ = Group.objects.using(using).get_or_create(name=role.name)
        group.permissions.set(permissions(role.permissions, using=using))


def permissions(names: Iterable[str], *, using: str = "default") -> list[Permission]:
    """The rows of these "app.codename" names."""
    wanted = Q(pk=None)
    for name in names:
        app, _, code = name.partition(".")
        wanted |= Q(content_type__app_label=app, codename=code)
    return list(Permission.objects.using(using).filter(wanted))


def roles_of(user: User) -> list[str]:
    """The names of a person's roles, in the order above; a superuser is an admin."""
    names = {group.name for group in user.groups.all()} | ({ADMIN.name} if user.is_superuser else set())
    return [name for name in ROLES if name in names]


def may_give(giver: User) -> list[str]:
    """The roles that this person can hand on: an admin all, others their own and that of a reader."""
    if giver.has_perm("accounts.manage_people"):
        return list(ROLES)
    return [name for name in ROLES if name in {READER.name, *roles_of(giver)}]


@transaction.atomic
def give_roles(*, account: User, names: Collection[str], by: User) -> None:
    """Let a person have exactly these roles. Raises RoleError."""
    if unknown := sorted(set(names) - set(ROLES)):
        raise RoleError(f"there is no role {', '.join(unknown)}; there are {', '.join(ROLES)}")
    if account.is_superuser:
        raise RoleError(f"{account} was made an administrator on the server; only there that ends")
    if account.pk == by.pk and ADMIN.name not in names:
        raise RoleError("you cannot take the role of an admin from yourself; another admin can")
    before = roles_of(account)
    account.groups.remove(*Group.objects.filter(name__in=set(ROLES) - set(names)))
    account.groups.add(*Group.objects.filter(name__in=names))
    after = [name for name in ROLES if name in set(names)]
    if before != after:
        history.record("changed the roles of", f"account:{account.pk}", by=by,
                       words=f"{account}: from {', '.join(before) or 'none'} to {', '.join(after) or 'none'}")


def close_account(*, account: User, closed: bool, by: User) -> None:
    """Let nobody log in with it any more, or let them again; what it did stays. Raises RoleError."""
    if account.pk == by.pk or account.is_superuser:
        raise RoleError(f"{account} cannot be closed here")
    with transaction.atomic():
        if User.objects.filter(pk=account.pk, is_active=closed).update(is_active=not closed):
            history.record("closed" if closed else "opened again", f"account:{account.pk}", by=by, words=str(account))
