"""What people keep and follow, what they were told of, and the outbox that brings it to them."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q


def new_key() -> str:
    """What makes a private address unguessable; another one takes the old address back."""
    return secrets.token_hex(8)


class SavedView(models.Model):
    """A filtered list under a name: an address of a known kind. `opened_mark` says up to where it was seen."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20)  # the name of its address, see registry.py
    path = models.CharField(max_length=300)
    query = models.TextField(blank=True)
    position = models.PositiveIntegerField(default=0)
    on_start = models.BooleanField(default=True)  # whether it has a place on the start page
    key = models.CharField(max_length=16, default=new_key, editable=False)
    opened_mark = models.CharField(max_length=40, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["owner", "position"], name="views_in_order")]

    def __str__(self):
        return self.name

    @property
    def address(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


class Follow(models.Model):
    """What somebody wants to be told of. A list of papers is looked through from `mark` on."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="follows")
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=500)
    title = models.CharField(max_length=300)
    events = models.JSONField(default=list)  # the kinds of events to be told of
    mark = models.CharField(max_length=40, blank=True, editable=False)
    view = models.OneToOneField(SavedView, null=True, on_delete=models.CASCADE, related_name="follow")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["kind", "title", "pk"]
        constraints = [models.UniqueConstraint(fields=["kind", "key", "owner"], name="one_follow_per_subject")]

    def __str__(self):
        return f"{self.owner} follows {self.title}"


class Happening(models.Model):
    """A fact written down where it happened, in its transaction; it goes once the followers were told."""

    kind = models.CharField(max_length=20)
    ref = models.CharField(max_length=160)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.kind} {self.ref}"


class Standing(models.Model):
    """How something followed stood when it was looked at last, so that a change is seen."""

    subject = models.CharField(max_length=160, primary_key=True)
    value = models.JSONField()
    at = models.DateTimeField(auto_now=True)

    def __str__(self):
        return self.subject


class Event(models.Model):
    """Something that somebody was told of. `key` tells the same event again."""

    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=200, unique=True)
    title = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    url = models.CharField(max_length=700)  # a path of this site
    items = models.JSONField(default=list)  # [[title, path], ...] of what arrived
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.title


class Notification(models.Model):
    """An event on somebody's page."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="notifications")
    because = models.CharField(max_length=300, blank=True)  # what of the follows it is about
    follow = models.ForeignKey(Follow, null=True, on_delete=models.SET_NULL, related_name="+")
    read_at = models.DateTimeField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "event"], name="told_once_per_person")]
        indexes = [models.Index(fields=["owner"], condition=Q(read_at=None), name="unread_notifications")]

    def __str__(self):
        return f"{self.owner}: {self.event}"


class Channel(models.Model):
    """A way to somebody. What is due on it waits in the outbox until it is through; `next_try_at` is its back-off."""

    MAIL, WEBHOOK, SLACK, NTFY = "mail", "webhook", "slack", "ntfy"
    KINDS = {MAIL: "E-mail digest", WEBHOOK: "Webhook", SLACK: "Slack", NTFY: "ntfy"}
    AT_ONCE, DAILY, WEEKLY = "at once", "daily", "weekly"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="channels")
    kind = models.CharField(max_length=10, choices=list(KINDS.items()))
    address = models.TextField(editable=False)  # encrypted: the addresses of webhooks are secrets themselves
    shown = models.CharField(max_length=300)  # the address as people may see it
    secret = models.TextField(blank=True, editable=False)  # encrypted; what a webhook's messages are signed with
    cadence = models.CharField(max_length=10, default=AT_ONCE, choices=[(c, c) for c in (AT_ONCE, DAILY, WEEKLY)])
    hour = models.PositiveSmallIntegerField(default=7)  # of a digest, in the site's time zone
    weekday = models.PositiveSmallIntegerField(default=0)  # of a weekly one, Monday is 0
    key = models.CharField(max_length=16, default=new_key, editable=False)
    active = models.BooleanField(default=True)
    confirmed_at = models.DateTimeField(null=True)  # when a mail address said that it wants this
    failures = models.PositiveIntegerField(default=0)  # in a row
    next_try_at = models.DateTimeField(null=True)
    next_digest_at = models.DateTimeField(null=True)
    busy_since = models.DateTimeField(null=True)
    last_sent_at = models.DateTimeField(null=True)
    last_reason = models.CharField(max_length=500, blank=True)
    disabled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.get_kind_display()} to {self.shown}"

    @property
    def works(self) -> bool:
        """Whether anything goes out on it."""
        return self.active and self.disabled_at is None and self.confirmed_at is not None


class Letter(models.Model):
    """A mail: asked for by its rows, sent once. Its message id stays the same however often it is tried."""

    DIGEST, CONFIRMATION = "digest", "confirmation"
    WAITING, SENDING, SENT = "waiting", "sending", "sent"

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=12, choices=[(k, k) for k in (DIGEST, CONFIRMATION)])
    state = models.CharField(max_length=10, default=WAITING, choices=[(s, s) for s in (WAITING, SENDING, SENT)])
    attempts = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True)
    claimed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["channel"], condition=~Q(state="sent"), name="letters_to_send")]

    def __str__(self):
        return f"{self.kind} on {self.channel}"


class Delivery(models.Model):
    """The outbox: an event on a channel, once. A mail takes many along as one letter."""

    WAITING, SENT, FAILED = "waiting", "sent", "failed"

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    because = models.CharField(max_length=300, blank=True)
    follow = models.ForeignKey(Follow, null=True, on_delete=models.SET_NULL, related_name="+")
    letter = models.ForeignKey(Letter, null=True, on_delete=models.SET_NULL, related_name="deliveries")
    state = models.CharField(max_length=10, default=WAITING, choices=[(s, s) for s in (WAITING, SENT, FAILED)])
    attempts = models.PositiveIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True)  # of the answer
    reason = models.CharField(max_length=500, blank=True)  # of the last try that failed
    created_at = models.DateTimeField(auto_now_add=True)
    tried_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["channel", "event"], name="sent_once_per_channel")]
        indexes = [models.Index(fields=["channel"], condition=Q(state="waiting"), name="deliveries_waiting")]

    def __str__(self):
        return f"{self.event} on {self.channel}"
