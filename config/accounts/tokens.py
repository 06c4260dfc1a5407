"""API tokens: made by their owners for some scopes and some time, and taken back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from config.accounts.models import ApiToken
from config.accounts.roles import SCOPES
from papers import history

DAYS = {"": None, "7": 7, "30": 30, "90": 90, "365": 365}  # how long a token may live; "" for as long as its owner


class TokenError(ValueError):
    """A token that cannot be made. The message says why."""


@transaction.atomic
def make_token(*, user: User, name: str, scopes: Collection[str], days: str = "") -> str:
    """The text of a new token, which cannot be read again. Raises TokenError."""
    if not scopes or set(scopes) - set(SCOPES):
        raise TokenError(f"Choose what the token may do: {', '.join(SCOPES)}.")
    if days not in DAYS:
        raise TokenError(f"A token lives {', '.join(filter(None, DAYS))} days, or without end.")
    end = DAYS[days]
    token, text = ApiToken.issue(user=user, name=name.strip()[:100] or "unnamed", scopes=scopes,
                                 expires_at=timezone.now() + timedelta(days=end) if end else None)
    history.record("made", f"token:{token.pk}", by=user, words=f"“{token.name}” for {', '.join(token.scopes)}")
    return text


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User) -> None:
    """It no longer works."""
    history.record("revoked", f"token:{token.pk}", by=by, words=f"“{token.name}”")
    token.delete()
