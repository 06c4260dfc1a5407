"""Wrong passwords and tokens: who must wait, for how long, and how it is said.

Passwords are counted by account and address together (django-axes): whoever tries from elsewhere locks nobody out. An
address that tries many accounts is slowed to one try every few seconds, which concerns that address alone. A one-time
link cannot be guessed and asks neither. A valid API token is never refused; wrong ones are told to wait.
"""

from __future__ import annotations

import ipaddress
import math
from datetime import timedelta

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username, get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.core.cache import cache
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.timesince import timeuntil

ADDRESS_LIMIT = 30  # wrong passwords of one address, all accounts together, before it is slowed
ADDRESS_PAUSE = timedelta(seconds=5)
TOKEN_LIMIT, TOKEN_SECONDS = 20, 60


class TooManyTries(Exception):
    """`seconds` to wait before the next try."""

    def __init__(self, seconds: int):
        super().__init__(f"Too many wrong API tokens from this address: wait {seconds} seconds.")
        self.seconds = seconds


def address_of(request: HttpRequest) -> str:
    """Where the request comes from; an IPv6 network of one customer (/64) counts as one address.

    Behind proxies of one's own (the setting TRUSTED_PROXIES says how many) it is the entry of X-Forwarded-For that
    the outermost of them wrote. What stands before that anybody can have written.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        entries = [entry.strip() for entry in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if entry.strip()]
        address = _valid(entries[-settings.TRUSTED_PROXIES:][0]) if entries else address
        address = address or request.META.get("REMOTE_ADDR", "")
    found = _parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or ipaddress.IPv6Network((int(found), 64), strict=False).network_address
    return str(found)


def _valid(entry: str) -> str:
    """The address of an entry, without brackets and port; empty when it is none."""
    if entry.startswith("["):
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    try:
        return str(ipaddress.ip_address(entry))
    except ValueError:
        return ""


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """A server on a socket says nothing: then everybody comes from the same place."""
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return ipaddress.IPv4Address("0.0.0.0")


class Throttle(AxesDatabaseHandler):
    def is_locked(self, request, credentials=None) -> bool:
        return super().is_locked(request, credentials) or bool(_address_pause(request))


def _address_pause(request) -> timedelta:
    """How long this address must wait because of all that it tried; nothing when it may go on."""
    since = timezone.now() - get_cool_off(request)
    tried = AccessAttempt.objects.filter(ip_address=address_of(request), attempt_time__gte=since).aggregate(
        times=Sum("failures_since_start"), last=Max("attempt_time"))
    if (tried["times"] or 0) < ADDRESS_LIMIT:
        return timedelta()
    return max(tried["last"] + ADDRESS_PAUSE - timezone.now(), timedelta())


def _wait(request, credentials) -> timedelta:
    """How long until the next try of this account from this address."""
    own = AccessAttempt.objects.filter(
        ip_address=address_of(request), username=get_client_username(request, credentials)).aggregate(
        times=Sum("failures_since_start"), last=Max("attempt_time"))
    wait = _address_pause(request)
    if (own["times"] or 0) >= settings.AXES_FAILURE_LIMIT:
        wait = max(wait, own["last"] + get_cool_off(request) - timezone.now())
    return max(wait, timedelta(seconds=1))


def refused(request, response: HttpResponse | None = None, credentials: dict | None = None) -> HttpResponse:
    """The answer to a try that was not even looked at: what to do, and when."""
    wait = _wait(request, credentials)
    seconds = math.ceil(wait.total_seconds())
    until = timezone.now() + timedelta(seconds=seconds)
    in_words = f"{seconds} seconds" if seconds < 60 else timeuntil(until + timedelta(seconds=30))
    answer = render(request, "registration/wait.html", {"wait": in_words}, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def wrong_token(request) -> None:
    """Count a wrong token. Raises TooManyTries when its address has sent many within a minute."""
    key = f"wrong tokens of {address_of(request)}".replace(" ", "-")
    cache.add(key, 0, TOKEN_SECONDS)
    try:
        times = cache.incr(key)
    except ValueError:  # the minute ended in between
        return
    if times > TOKEN_LIMIT:
        raise TooManyTries(TOKEN_SECONDS)
