"""Tokens with which programs act, links that make accounts, and how much a person may have computed."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.accounts.roles import SCOPES

USES_NOTED = timedelta(minutes=1)  # reading a list through the API page by page is not as many writes


def every_scope() -> list[str]:
    return list(SCOPES)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class ApiToken(models.Model):
    """A bearer token. Only its SHA-256 is stored; the text is shown once, when it is made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=every_scope)  # names of config.accounts.roles.SCOPES
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)  # to the minute

    def __str__(self):
        return f"{self.name} of {self.user}"

    @property
    def expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @staticmethod
    def digest_of(text: str) -> str:
        return digest_of(text)

    @classmethod
    def issue(cls, *, user, name: str, scopes: Collection[str] = tuple(SCOPES), expires_at: datetime | None = None
              ) -> tuple["ApiToken", str]:
        """A new token and its text, which cannot be read again."""
        text = "assay_" + secrets.token_urlsafe(32)
        return cls.objects.create(user=user, name=name, digest=digest_of(text), expires_at=expires_at,
                                  scopes=[scope for scope in SCOPES if scope in scopes]), text

    def note_use(self) -> None:
        """Keep when it was used last, to the minute."""
        now = timezone.now()
        if self.last_used_at is None or self.last_used_at <= now - USES_NOTED:
            ApiToken.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=now), pk=self.pk).update(last_used_at=now)


class Invitation(models.Model):
    """A link with which one person makes an account with a role. Only the SHA-256 of its secret is stored."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    roles = models.JSONField()  # names of config.accounts.roles.ROLES
    email = models.EmailField(blank=True)  # where the link was sent, if it was
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invitations")
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        permissions = [("manage_people", "Can give roles and budgets")]

    def __str__(self):
        return f"invitation by {self.made_by} as {', '.join(self.roles)}"

    @property
    def state(self) -> str:
        """open, used, revoked or expired."""
        if self.used_at:
            return "used"
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at <= timezone.now() else "open"


class Allowance(models.Model):
    """How many processor seconds a person may have computed in a day, where it is not what all runners may."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE,
                                related_name="allowance")
    seconds_a_day = models.PositiveIntegerField()

    def __str__(self):
        return f"{self.user}: {self.seconds_a_day} s a day"
