"""Tokens with which programs write through the API."""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

USES_NOTED = timedelta(minutes=1)  # reading a list through the API page by page is not as many writes


class ApiToken(models.Model):
    """A bearer token. Only its SHA-256 is stored; the text is shown once, when it is made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self):
        return f"{self.name} of {self.user}"

    @staticmethod
    def digest_of(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    @classmethod
    def issue(cls, *, user, name: str) -> tuple["ApiToken", str]:
        """A new token and its text, which cannot be read again."""
        text = "assay_" + secrets.token_urlsafe(32)
        return cls.objects.create(user=user, name=name, digest=cls.digest_of(text)), text

    def note_use(self) -> None:
        """Keep when it was used last, to the minute."""
        now = timezone.now()
        if self.last_used_at is None or self.last_used_at <= now - USES_NOTED:
            ApiToken.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=now), pk=self.pk).update(last_used_at=now)
