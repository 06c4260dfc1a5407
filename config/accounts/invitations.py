"""Invitations: made by curators and admins, used once by a person who has no account yet."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from config.accounts import roles
from config.accounts.models import Invitation, digest_of
from papers import history

DAYS = (1, 7, 30)  # how long a link may wait


class InvitationError(ValueError):
    """An invitation that cannot be made or used. The message says why."""


@transaction.atomic
def invite(*, names: Collection[str], days: int, by: User, email: str = "") -> tuple[Invitation, str]:
    """A new invitation and its secret, which cannot be read again. Raises InvitationError."""
    if not names or set(names) - set(roles.may_give(by)):
        raise InvitationError(f"you can invite as {', '.join(roles.may_give(by))}")
    if days not in DAYS:
        raise InvitationError(f"an invitation waits {', '.join(map(str, DAYS))} days")
    secret = secrets.token_urlsafe(24)
    invitation = Invitation.objects.create(
        digest=digest_of(secret), roles=[name for name in roles.ROLES if name in names], email=email, made_by=by,
        expires_at=timezone.now() + timedelta(days=days))
    history.record("invited", f"invitation:{invitation.pk}", by=by,
                   words=f"{email or 'somebody'} as {', '.join(invitation.roles)}")
    return invitation, secret


def send(*, invitation: Invitation, address: str) -> None:
    """Mail the link. Raises OSError (SMTPException is one) when the mail server does not take it."""
    send_mail(subject="An invitation to Assay", recipient_list=[invitation.email], from_email=None, message=(
        f"{invitation.made_by} invites you to Assay as {', '.join(invitation.roles)}.\n\n"
        f"Make your account here, until {invitation.expires_at:%Y-%m-%d %H:%M} UTC:\n{address}\n\n"
        "Whoever has this link can use it, once. If you expected none, ignore it.\n"))


def revoke(*, invitation: Invitation, by: User) -> None:
    with transaction.atomic():
        if Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None).update(revoked_at=timezone.now()):
            history.record("revoked", f"invitation:{invitation.pk}", by=by)


def invitations_of(user: User) -> QuerySet[Invitation]:
    """Those that the person made, or everybody's for an admin."""
    found = Invitation.objects.select_related("made_by", "used_by")
    return found if user.has_perm("accounts.manage_people") else found.filter(made_by=user)


def open_invitation(secret: str) -> Invitation | None:
    """The invitation with this secret, while it can be used and whoever made it is there."""
    found = Invitation.objects.select_related("made_by").filter(
        digest=digest_of(secret), made_by__is_active=True).first()
    return found if found and found.state == "open" else None


@transaction.atomic
def use(*, invitation: Invitation, account: User) -> None:
    """Give the account the invitation's roles. Raises InvitationError when it was used meanwhile."""
    if not Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None).update(
            used_at=timezone.now(), used_by=account):
        raise InvitationError("this invitation has been used or revoked")
    account.groups.add(*Group.objects.filter(name__in=invitation.roles))
    history.record("joined by", f"invitation:{invitation.pk}", f"account:{account.pk}", by=account,
                   words=f"invited by {invitation.made_by} as {', '.join(invitation.roles)}")
