"""The outbox against a real mail server and a real web server: once each, in order, and nothing is lost."""

import base64
import hashlib
import hmac
import ipaddress
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from papers.following import services
from papers.following.events import tell
from papers.following.models import Channel, Delivery, Follow, Letter, Notification
from papers.following.registry import FLIPPED, MATCH, Draft, registry
from papers.following.sending import MOST_FAILURES, deliver, due_channels
from papers.following.services import NotDone
from tests.servers.upstream import Reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def follow(reader):
    return Follow.objects.create(owner=reader, kind="verdicts", key="all", title="verdicts", events=list(
        registry.follows["verdicts"].events) + [MATCH])


def happen(number: int, kind: str = FLIPPED, title: str = "") -> None:
    tell([Draft(kind, f"{kind}:{number}", title or f"{kind} number {number}", f"/claims/{number}/",
                frozenset({("verdicts", "all")}), "Because of & <this>.", (("A paper", "/papers/1/"),))])


def mail_channel(reader, **fields) -> Channel:
    channel, _ = services.add_channel(owner=reader, kind="mail", address="rita@example.org", **fields)
    return channel


def is_due(channel: Channel) -> None:
    Channel.objects.filter(pk=channel.pk).update(next_digest_at=timezone.now() - timedelta(seconds=1),
                                                 next_try_at=None, busy_since=None)


def confirmed(reader) -> Channel:
    channel = mail_channel(reader)
    channel.letters.all().delete()
    services.confirm_address(channel)
    return channel


def link_in(mail, word: str) -> str:
    text = mail.get_body(("plain",)).get_content()
    return next(piece for piece in text.split() if f"/{word}/" in piece).removeprefix("https://assay.example.org")


def test_an_address_is_written_to_once_it_is_confirmed(reader, follow, mailbox, client):
    channel = mail_channel(reader)
    happen(1)
    assert due_channels(timezone.now()) == [channel.pk] and deliver(channel.pk) == 1
    assert not Delivery.objects.exists()
    link = link_in(mailbox.mails[0], "confirm-address")
    client.get(link)
    channel.refresh_from_db()
    assert channel.confirmed_at is None, "a look is no yes"
    client.post(link)
    channel.refresh_from_db()
    assert channel.confirmed_at is not None


def test_a_digest_is_one_mail_with_what_turned_first(reader, follow, mailbox):
    channel = confirmed(reader)
    happen(1, MATCH)
    happen(2)
    assert due_channels(timezone.now()) == [], "not before its time"
    is_due(channel)
    assert deliver(channel.pk) == 1 and deliver(channel.pk) == 0
    [mail] = mailbox.mails
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert text.index("flipped number 2") < text.index("match number 1")
    assert "Because of & <this>." in text and "Because of &amp; &lt;this&gt;." in html
    assert "https://assay.example.org/claims/2/" in text and text.count("https://assay.example.org/papers/1/") == 1
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" and mail["To"] == "rita@example.org"
    assert mail["Subject"] == "Assay: 1 verdicts that turned, 1 new papers and matches"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    is_due(channel)
    assert deliver(channel.pk) == 0 and len(mailbox.mails) == 1, "no empty digest"


def test_nothing_is_lost_or_doubled_while_the_mail_server_is_down(reader, follow, mailbox, settings):
    channel = confirmed(reader)
    happen(1)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    for _ in range(MOST_FAILURES + 3):
        is_due(channel)
        assert deliver(channel.pk) == 0
    happen(2)
    channel.refresh_from_db()
    assert channel.disabled_at is None and channel.next_try_at > timezone.now() and "refused" in channel.last_reason
    settings.EMAIL_PORT = port
    is_due(channel)
    assert deliver(channel.pk) == 2 and deliver(channel.pk) == 0
    bodies = "".join(mail.get_body(("plain",)).get_content() for mail in mailbox.mails)
    assert len(mailbox.mails) == 2 and bodies.count("flipped number 1") == bodies.count("flipped number 2") == 1


def test_a_worker_that_died_half_way_is_followed_under_the_same_message_id(reader, follow, mailbox):
    channel = confirmed(reader)
    happen(1)
    is_due(channel)
    deliver(channel.pk)
    Letter.objects.update(state=Letter.SENDING, claimed_at=timezone.now())
    assert deliver(channel.pk) == 0, "it may be alive"
    Letter.objects.update(claimed_at=timezone.now() - timedelta(hours=1))
    assert deliver(channel.pk) == 1
    assert mailbox.mails[0]["Message-ID"] == mailbox.mails[1]["Message-ID"]


def test_a_recipient_who_is_refused_again_and_again_is_given_up_with_a_notice(reader, follow, mailbox):
    channel = confirmed(reader)
    happen(1)
    mailbox.refuse = "550 no such user"
    for _ in range(MOST_FAILURES):
        is_due(channel)
        deliver(channel.pk)
    channel.refresh_from_db()
    assert channel.disabled_at and "550" in channel.last_reason and not mailbox.mails
    assert Notification.objects.filter(event__kind="notice", owner=reader).count() == 1


def test_without_a_mail_server_it_is_said_and_kept(here, reader, follow, settings):
    settings.MAIL_CONFIGURED = False
    channel = confirmed(reader)
    happen(1)
    is_due(channel)
    assert due_channels(timezone.now()) == [] and deliver(channel.pk) == 0
    assert "EMAIL_URL=smtp" in here.get("/following/").text
    assert Delivery.objects.get().state == "waiting"


def test_unsubscribing_takes_one_click_no_login_and_can_be_undone(reader, follow, mailbox):
    channel = confirmed(reader)
    happen(1)
    is_due(channel)
    deliver(channel.pk)
    stop = mailbox.mails[0]["List-Unsubscribe"].strip(" <>").removeprefix("https://assay.example.org")
    visitor = Client(enforce_csrf_checks=True)
    assert "Stop these mails" in visitor.get(stop).text
    channel.refresh_from_db()
    assert channel.active, "a look stops nothing"
    visitor.post(stop, {"List-Unsubscribe": "One-Click"})
    channel.refresh_from_db()
    assert not channel.active
    visitor.post(stop, {"do": "start"})
    channel.refresh_from_db()
    assert channel.active
    one = link_in(mailbox.mails[0], "unsubscribe")
    visitor.post(one)
    assert not Follow.objects.exists() and "no longer followed" in visitor.get(one).text
    assert visitor.get("/unsubscribe/nonsense:abc/").status_code == 404


def test_the_preview_is_what_the_mail_will_say(here, reader, follow, mailbox):
    channel = confirmed(reader)
    happen(1)
    page = here.get(f"/following/channels/{channel.pk}/preview/").text
    assert "flipped number 1" in page and "Assay: 1 verdicts that turned" in page


def webhook(reader, outside, path="/hook", kind="webhook"):
    return services.add_channel(owner=reader, kind=kind, address=f"{outside.url}{path}")


def test_a_webhook_is_signed_and_sent_once(reader, follow, outside):
    outside.pages["/hook"] = Reply("", 204)
    channel, secret = webhook(reader, outside)
    happen(1)
    assert due_channels(timezone.now()) == [channel.pk]
    assert deliver(channel.pk) == 1 and deliver(channel.pk) == 0
    [(path, headers, body)] = outside.posted
    said = json.loads(body)
    assert said["type"] == "assay.flipped" and said["data"]["items"][0]["title"] == "A paper"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    assert secret not in Channel.objects.get().secret and "hook" not in channel.address


def test_a_webhook_backs_off_keeps_the_order_and_goes_on(reader, follow, outside):
    outside.pages["/hook"] = Reply("", 200)
    outside.waiting["/hook"] = [Reply("", 500), Reply("", 503, Retry_After="7200")]
    channel, _ = webhook(reader, outside)
    happen(1)
    happen(2)
    assert deliver(channel.pk) == 0 and len(outside.posted) == 1, "the second waits for the first"
    assert due_channels(timezone.now()) == [] and deliver(channel.pk) == 0
    Channel.objects.update(next_try_at=None)
    assert deliver(channel.pk) == 0
    channel.refresh_from_db()
    assert channel.next_try_at > timezone.now() + timedelta(hours=1.9), "the host's wish counts"
    Channel.objects.update(next_try_at=None)
    from papers.sources.models import HostPace
    HostPace.objects.all().delete()
    assert deliver(channel.pk) == 2
    ids = [headers["webhook-id"] for _, headers, _ in outside.posted]
    assert ids[0] == ids[1] == ids[2] != ids[3] and Delivery.objects.filter(state="sent").count() == 2


def test_a_dead_webhook_is_switched_off_with_a_notice_and_started_again(here, reader, follow, outside):
    outside.pages["/hook"] = Reply("", 500)
    channel, _ = webhook(reader, outside)
    happen(1)
    for _ in range(MOST_FAILURES):
        Channel.objects.update(next_try_at=None)
        deliver(channel.pk)
    channel.refresh_from_db()
    assert channel.disabled_at and len(outside.posted) == MOST_FAILURES
    assert Notification.objects.filter(event__kind="notice").count() == 1 and due_channels(timezone.now()) == []
    assert "switched off after 12 failures" in here.get("/following/").text
    outside.pages["/hook"] = Reply("", 200)
    here.post(f"/following/channels/{channel.pk}/", {"do": "start"})
    assert deliver(channel.pk) == 1


def test_a_message_that_is_refused_lets_the_next_one_through(reader, follow, outside):
    outside.pages["/hook"] = Reply("", 200)
    channel, _ = webhook(reader, outside)
    happen(1)
    for _ in range(3):
        outside.waiting["/hook"] = [Reply("", 413)]
        Channel.objects.update(next_try_at=None)
        happen(2)
        deliver(channel.pk)
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["failed", "sent"]


def test_an_inner_address_is_not_posted_to(reader, follow, outside, settings):
    settings.WEBHOOKS_ALLOW = []
    settings.SOURCES_ALLOW = [ipaddress.ip_network("127.0.0.0/8")]
    outside.pages["/hook"] = Reply("", 200)
    channel, _ = webhook(reader, outside)
    happen(1)
    assert deliver(channel.pk) == 0 and not outside.posted, "what may be fetched from may not be posted to"
    assert "not on the open internet" in Delivery.objects.get().reason


def test_a_redirect_is_not_followed(reader, follow, outside):
    outside.pages["/hook"] = Reply("", 307, Location="http://10.0.0.1/")
    channel, _ = webhook(reader, outside)
    happen(1)
    assert deliver(channel.pk) == 0 and "redirects, which is not followed" in Delivery.objects.get().reason


def test_slack_and_ntfy_get_what_they_read(reader, follow, outside):
    outside.pages["/slack/T0/secret"] = outside.pages["/topic"] = Reply("ok", 200)
    slack, _ = webhook(reader, outside, "/slack/T0/secret", "slack")
    ntfy, _ = webhook(reader, outside, "/topic", "ntfy")
    happen(1, title="A <b> & c|d")
    assert deliver(slack.pk) == deliver(ntfy.pk) == 1
    text = json.loads(outside.posted[0][2])["text"]
    assert "|A &lt;b&gt; &amp; c¦d>*" in text and "secret" not in slack.shown
    path, headers, body = outside.posted[1]
    assert body.decode().startswith("A <b> & c|d") and headers["Click"].endswith("/claims/1/")


@pytest.mark.parametrize(("kind", "address"), [
    ("webhook", "file:///etc/passwd"), ("webhook", "ftp://x/"), ("webhook", "https://"), ("webhook", "http://a b/"),
    ("slack", "nonsense"), ("mail", "no address"), ("mail", "a@b.c\nBcc: d@e.f"), ("pigeon", "https://example.org/"),
    ("webhook", "http://[")])
def test_what_is_no_address_is_refused_in_words(reader, kind, address):
    with pytest.raises(NotDone):
        services.add_channel(owner=reader, kind=kind, address=address)


def test_a_test_message_goes_through_the_outbox(here, reader, outside):
    outside.pages["/hook"] = Reply("", 200)
    channel, _ = webhook(reader, outside)
    here.post(f"/following/channels/{channel.pk}/", {"do": "test"})
    assert deliver(channel.pk) == 1 and json.loads(outside.posted[0][2])["type"] == "assay.notice"


def test_nobody_touches_another_ones_channel(here, django_user_model, outside):
    other = django_user_model.objects.create_user("otto")
    channel, _ = webhook(other, outside)
    assert here.post(f"/following/channels/{channel.pk}/", {"do": "remove"}).status_code == 404
    assert here.get(f"/following/channels/{channel.pk}/preview/").status_code == 404
