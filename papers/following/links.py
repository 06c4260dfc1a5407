"""Private addresses: of a saved view and its feeds, and those in mails that work without a log-in.

A token is made of the row's key by the site's secret, so that the database alone opens nothing, and another key takes
all addresses back.
"""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.core.signing import BadSignature
from django.http import Http404
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from papers.following.models import Channel, Follow, SavedView


def resolved(path: str) -> ResolverMatch:
    """Raises Http404 for an address that is none."""
    try:
        return resolve(path)
    except Resolver404:
        raise Http404("there is no such page") from None


def token_of(view: SavedView) -> str:
    return salted_hmac("papers.following.view", f"{view.pk}:{view.key}", algorithm="sha256").hexdigest()[:32]


def view_by_token(pk: int, token: str) -> SavedView:
    """Raises Http404, whether there is no such view or the token is another."""
    view = SavedView.objects.filter(pk=pk, removed_at=None).select_related("owner").first()
    if view is None or not view.owner.is_active or not constant_time_compare(token_of(view), token):
        raise Http404("this address opens nothing, or no longer does")
    return view


_signer = signing.Signer(salt="papers.following.mail")
STOP, CONFIRM = "stop", "confirm"


def mail_token(purpose: str, channel: Channel, follow: int | None = None) -> str:
    """For a link in a mail: to stop the channel or one follow, or to confirm the address."""
    return _signer.sign_object([purpose, channel.pk, channel.key, follow])


def read_mail_token(purpose: str, token: str) -> tuple[Channel, Follow | None, bool]:
    """The channel, and the follow where it is about one (None when that is gone already), and whether it is.

    Raises Http404.
    """
    try:
        said, pk, key, follow = _signer.unsign_object(token)
    except (BadSignature, ValueError, TypeError):
        raise Http404("this link is not whole") from None
    channel = Channel.objects.filter(pk=pk, key=key).select_related("owner").first()
    if said != purpose or channel is None:
        raise Http404("this link no longer works")
    return channel, Follow.objects.filter(pk=follow, owner=channel.owner).first() if follow else None, bool(follow)


def absolute(path: str) -> str:
    """An address as a mail or a message must have it."""
    return settings.SITE_URL + path


def stop_link(channel: Channel, follow: int | None = None) -> str:
    return absolute(reverse("unsubscribe", args=[mail_token(STOP, channel, follow)]))
