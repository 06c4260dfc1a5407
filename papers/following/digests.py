"""A digest: when it comes, what stands in it, and the mail it makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from papers.following.links import CONFIRM, absolute, mail_token, stop_link
from papers.following.models import Channel, Delivery, Event, Letter
from papers.following.registry import TITLES
from papers.sources.passwords import decrypted

MOST_TOLD = 200  # events in one mail; the page has them all


def next_digest(channel: Channel, *, now: datetime) -> datetime:
    """The next time of the day, or of the week, after `now`, in the site's time zone."""
    local = timezone.localtime(now)
    due = local.replace(hour=channel.hour, minute=0, second=0, microsecond=0)
    if channel.cadence == Channel.WEEKLY:
        due += timedelta(days=(channel.weekday - due.weekday()) % 7)
    step = timedelta(days=7 if channel.cadence == Channel.WEEKLY else 1)
    return due if due > local else due + step


@dataclass(frozen=True)
class Told:
    """An event in a digest, with links as a mail needs them; `items` are those not named before in it."""

    event: Event
    because: str
    url: str
    items: tuple[tuple[str, str], ...]
    stop: str


@dataclass(frozen=True)
class Digest:
    """Sections in the order of `registry.TITLES`: what turned a verdict first."""

    sections: tuple[tuple[str, tuple[Told, ...]], ...]
    more: int

    @property
    def subject(self) -> str:
        parts = [f"{len(told)} {title[0].lower()}{title[1:]}" for title, told in self.sections[:2]]
        return f"Assay: {', '.join(parts) or 'nothing new'}"


def digest_of(deliveries: Iterable[Delivery], channel: Channel) -> Digest:
    """Each new thing is named once, however many follows found it."""
    rows = list(deliveries)
    by_kind: dict[str, list[Told]] = defaultdict(list)
    named: set[str] = set()
    for row in rows[:MOST_TOLD]:
        items = tuple((title, absolute(path)) for title, path in row.event.items if path not in named)
        named.update(path for _, path in row.event.items)
        by_kind[row.event.kind].append(Told(row.event, row.because, absolute(row.event.url), items,
                                            stop_link(channel, row.follow_id) if row.follow_id else ""))
    return Digest(tuple((TITLES[kind], tuple(by_kind[kind])) for kind in TITLES if by_kind[kind]),
                  max(0, len(rows) - MOST_TOLD))


def waiting_of(channel: Channel):
    """What the channel's next digest will tell, the oldest first."""
    return Delivery.objects.filter(channel=channel, state=Delivery.WAITING, letter=None).select_related(
        "event").order_by("pk")


def message_of(letter: Letter) -> EmailMultiAlternatives:
    """The mail of a letter, the same whenever it is made: text and HTML, and how to stop it by one click."""
    channel = letter.channel
    stop = stop_link(channel)
    context: dict[str, object] = {"channel": channel, "stop": stop, "following": absolute(reverse("following"))}
    if letter.kind == Letter.CONFIRMATION:
        subject, template = "Assay: confirm your address", "confirmation"
        context["confirm"] = absolute(reverse("confirm_address", args=[mail_token(CONFIRM, channel)]))
    else:
        digest = digest_of(letter.deliveries.select_related("event").order_by("pk"), channel)
        subject, template = digest.subject, "digest"
        context["digest"] = digest
    text = render_to_string(f"papers/following/mail_{template}.txt", context)
    mail = EmailMultiAlternatives(
        Truncator(" ".join(subject.split())).chars(150), text, settings.DEFAULT_FROM_EMAIL,
        [decrypted(channel.address)], headers={
            "Message-ID": f"<assay-{letter.pk}-{channel.key}@{settings.MAIL_HOST}>", "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Auto-Submitted": "auto-generated",
            "List-Id": f"Assay digests <digests.{settings.MAIL_HOST}>"})
    mail.attach_alternative(render_to_string(f"papers/following/mail_{template}.html", context), "text/html")
    return mail
