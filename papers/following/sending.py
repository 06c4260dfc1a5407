"""The outbox, worked off: a channel is one worker's at a time, and a row moves by conditional update.

A worker killed between the other side's yes and the row's update sends that one again: under the same message id,
by which servers and webhooks' receivers know it. Everything else is sent once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import smtplib
from datetime import timedelta
from email.header import Header

from django.conf import settings
from django.core.mail import get_connection
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from papers.following.digests import message_of, next_digest, waiting_of
from papers.following.links import absolute
from papers.following.models import Channel, Delivery, Event, Letter, Notification
from papers.following.registry import NOTICE
from papers.sources.answers import FetchError
from papers.sources.client import post
from papers.sources.passwords import NoPassword, decrypted

logger = logging.getLogger(__name__)

AT_A_TIME = 50  # messages of a channel in one go
ABANDONED = timedelta(minutes=15)  # a worker that long at a channel or letter is dead
WAITS = tuple(timedelta(minutes=m) for m in (1, 2, 5, 15, 60, 180, 360, 720))  # after so many failures in a row
MOST_FAILURES = 12  # in a row, about three days; then the channel is switched off, with a notice
MOST_REFUSALS = 3  # of one message by a receiver that is there: it is given up, and the next one's turn comes
WITHIN = 15.0  # seconds for a whole answer


def due_channels(now) -> list[int]:
    """The channels with something to send now."""
    waiting = Delivery.objects.filter(channel=OuterRef("pk"), state=Delivery.WAITING)
    letters = Letter.objects.filter(channel=OuterRef("pk")).exclude(state=Letter.SENT)
    channels = Channel.objects.filter(active=True, disabled_at=None, owner__is_active=True).filter(
        Q(next_try_at=None) | Q(next_try_at__lte=now))
    due = Q(~Q(kind=Channel.MAIL) & Exists(waiting))
    if settings.MAIL_CONFIGURED:
        due |= Q(Q(kind=Channel.MAIL) & (Exists(letters) | Q(next_digest_at__lte=now, confirmed_at__isnull=False)))
    return list(channels.filter(due).values_list("pk", flat=True))


def deliver(pk: int) -> int:
    """Send what is due on a channel, if no other worker is at it. Returns how many messages went out."""
    now = timezone.now()
    channels = Channel.objects.filter(pk=pk, active=True, disabled_at=None).filter(
        Q(busy_since=None) | Q(busy_since__lt=now - ABANDONED), Q(next_try_at=None) | Q(next_try_at__lte=now))
    if not channels.update(busy_since=now):
        return 0
    try:
        channel = Channel.objects.select_related("owner").get(pk=pk)
        return _send_mail(channel) if channel.kind == Channel.MAIL else _send_posts(channel)
    finally:
        Channel.objects.filter(pk=pk, busy_since=now).update(busy_since=None)


def _send_posts(channel: Channel) -> int:
    sent = 0
    for delivery in waiting_of(channel)[:AT_A_TIME]:
        Delivery.objects.filter(pk=delivery.pk).update(attempts=delivery.attempts + 1, tried_at=timezone.now())
        try:
            status = _post(channel, delivery)
        except (FetchError, NoPassword) as error:
            if not _post_failed(channel, delivery, error):
                continue
            break
        Delivery.objects.filter(pk=delivery.pk, state=Delivery.WAITING).update(
            state=Delivery.SENT, status=status, reason="")
        _went_well(channel)
        sent += 1
    return sent


def _post(channel: Channel, delivery: Delivery) -> int:
    address, event = decrypted(channel.address), delivery.event
    url = absolute(event.url)
    if channel.kind == Channel.WEBHOOK:
        body = json.dumps({
            "type": f"assay.{event.kind}", "timestamp": event.at.isoformat(), "data": {
                "title": event.title, "text": event.text, "url": url, "because": delivery.because,
                "items": [{"title": title, "url": absolute(path)} for title, path in event.items]}},
            ensure_ascii=False).encode()
        return post(address, body, headers=signed(decrypted(channel.secret), f"event_{event.pk}_{channel.pk}", body),
                    within=WITHIN)
    if channel.kind == Channel.SLACK:
        lines = [f"*<{url}|{_slack(event.title)}>*", _slack(event.text),
                 *(f"• <{absolute(path)}|{_slack(title)}>" for title, path in event.items)]
        body = json.dumps({"text": "\n".join(filter(None, lines))}).encode()
        return post(address, body, within=WITHIN)
    text = "\n".join(filter(None, [event.title, event.text, *(f"• {title}" for title, _ in event.items)]))
    return post(address, text[:3500].encode(), within=WITHIN, headers={
        "Title": Header("Assay", "utf-8").encode(), "Click": url, "Content-Type": "text/plain; charset=utf-8"})


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("|", "¦")


def signed(secret: str, message: str, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks: HMAC-SHA256 of id, time and the exact bytes sent."""
    moment = str(int(timezone.now().timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{message}.{moment}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": message, "webhook-timestamp": moment,
            "webhook-signature": f"v1,{base64.b64encode(mac).decode()}"}


def _post_failed(channel: Channel, delivery: Delivery, error: FetchError | NoPassword) -> bool:
    """Write the failure down; whether the channel must wait."""
    status = getattr(error, "status", 0) or None
    reason = " ".join(str(error).split())[:500]
    temporary = getattr(error, "temporary", False)
    refused = status is not None and not temporary and delivery.attempts + 1 >= MOST_REFUSALS
    Delivery.objects.filter(pk=delivery.pk, state=Delivery.WAITING).update(
        status=status, reason=reason, state=Delivery.FAILED if refused else Delivery.WAITING)
    _went_wrong(channel, reason, wait=getattr(error, "wait", 0.0), gone=status == 410)
    return not refused or channel.disabled_at is not None


def _went_well(channel: Channel) -> None:
    Channel.objects.filter(pk=channel.pk).update(failures=0, next_try_at=None, last_reason="",
                                                 last_sent_at=timezone.now())
    channel.failures = 0


@transaction.atomic
def _went_wrong(channel: Channel, reason: str, *, wait: float = 0.0, gone: bool = False, counts: bool = True) -> None:
    """Back off, ever longer; after many failures in a row switch it off and say so. What waits stays."""
    now = timezone.now()
    channel.failures += 1
    pause = max(WAITS[min(channel.failures, len(WAITS)) - 1], timedelta(seconds=wait))
    changes: dict[str, object] = {"failures": channel.failures, "last_reason": reason, "next_try_at": now + pause}
    if gone or (counts and channel.failures >= MOST_FAILURES):
        channel.disabled_at = now
        changes["disabled_at"] = now
        event = Event.objects.create(
            kind=NOTICE, key=f"off:{channel.pk}:{now:%Y%m%d%H%M%S%f}", url="/following/#channels",
            title=f"Switched off: {channel}"[:300],
            text=f"{channel.failures} failures in a row, the last: {reason} What waits on it is kept.")
        Notification.objects.create(owner=channel.owner, event=event, because="one of your channels")
    Channel.objects.filter(pk=channel.pk).update(**changes)


def _send_mail(channel: Channel) -> int:
    if not settings.MAIL_CONFIGURED:
        return 0
    _make_letter(channel)
    letters = Letter.objects.filter(channel=channel).exclude(state=Letter.SENT)
    if channel.confirmed_at is None:
        letters = letters.filter(kind=Letter.CONFIRMATION)
    sent = 0
    for letter in letters.select_related("channel").order_by("pk")[:AT_A_TIME]:
        if not _send_letter(channel, letter):
            break
        sent += 1
    return sent


@transaction.atomic
def _make_letter(channel: Channel) -> None:
    """Take what waits along as one letter, where a digest is due."""
    now = timezone.now()
    if channel.confirmed_at is None or channel.next_digest_at is None or channel.next_digest_at > now:
        return
    if not Channel.objects.filter(pk=channel.pk, next_digest_at=channel.next_digest_at).update(
            next_digest_at=next_digest(channel, now=now)):
        return
    rows = list(waiting_of(channel).values_list("pk", flat=True))
    if rows:
        letter = Letter.objects.create(channel=channel, kind=Letter.DIGEST)
        for start in range(0, len(rows), 500):
            Delivery.objects.filter(pk__in=rows[start:start + 500], letter=None).update(letter=letter)


def _send_letter(channel: Channel, letter: Letter) -> bool:
    now = timezone.now()
    claimed = Letter.objects.filter(pk=letter.pk).filter(
        Q(state=Letter.WAITING) | Q(state=Letter.SENDING, claimed_at__lt=now - ABANDONED)).update(
        state=Letter.SENDING, claimed_at=now, attempts=letter.attempts + 1)
    if not claimed:
        return False
    try:
        message = message_of(letter)
        message.connection = get_connection(fail_silently=False)
        message.send()
    except (smtplib.SMTPException, OSError, NoPassword) as error:
        reason = " ".join(str(error).split())[:500] or type(error).__name__
        Letter.objects.filter(pk=letter.pk).update(state=Letter.WAITING, reason=reason)
        # a server that is down says nothing about the address
        _went_wrong(channel, reason, counts=isinstance(error, smtplib.SMTPRecipientsRefused))
        return False
    with transaction.atomic():
        Letter.objects.filter(pk=letter.pk, state=Letter.SENDING).update(
            state=Letter.SENT, sent_at=timezone.now(), reason="")
        Delivery.objects.filter(letter=letter, state=Delivery.WAITING).update(
            state=Delivery.SENT, tried_at=timezone.now(), attempts=letter.attempts + 1)
        _went_well(channel)
    return True
