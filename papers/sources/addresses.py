"""Which addresses may be dialled, what an address may show to a person, and sockets that were checked. No Django."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_V4_CLOSED = [ipaddress.ip_network(net) for net in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/3")]
_V6_OPEN = ipaddress.ip_network("2000::/3")  # global unicast: all that is given out; what follows is within it
_V6_CLOSED = [ipaddress.ip_network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

_SECRET = re.compile(r"key|token|secret|pass|pwd|auth|sig|session|code|credential", re.I)
MASK = "•••"


class Refused(Exception):
    """An address that must not be dialled; the message says why."""


class Unreachable(Exception):
    """A name that does not resolve, or an address that does not answer."""


def is_public(address: Address) -> bool:
    """Whether it belongs to the open internet; an IPv6 address that wraps an IPv4 one is judged by that."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in net for net in _V4_CLOSED)
    if address.ipv4_mapped:
        return is_public(address.ipv4_mapped)
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _V6_OPEN and not any(address in net for net in _V6_CLOSED)


def is_allowed(address: Address, allow: Sequence[Network]) -> bool:
    """Public, or within one of the networks that this installation opens."""
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return any((inner or address) in net for net in allow) or is_public(address)


def checked_addresses(host: str, port: int, allow: Sequence[Network]) -> list[str]:
    """What the name resolves to, as the system reads it (decimal and octal forms too), each of it allowed.

    Raises Refused where any address is not: a name with one inside and one outside must not be dialled at all.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host}: no such name ({getattr(error, 'strerror', None) or error})") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in addresses:
        if not is_allowed(ipaddress.ip_address(text.partition("%")[0]), allow):
            shown = "" if text == host else f" ({text})"
            raise Refused(f"{host}{shown} is not on the open internet and is not fetched from; whoever runs this "
                          "installation can allow its network with SOURCES_ALLOW (what is posted to: WEBHOOKS_ALLOW)")
    return addresses


def dial(host: str, port: int, *, timeout: float | None, allow: Sequence[Network]) -> socket.socket:
    """A connection to the first checked address that answers: one look-up, so that a second cannot differ.

    Raises Refused, or Unreachable when none answers.
    """
    failure: OSError | None = None
    for address in checked_addresses(host, port, allow):
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            failure = error
    raise Unreachable(f"{host}:{port} does not answer ({failure.strerror if failure and failure.strerror else failure})"
                      ) from failure


def masked(address: str) -> str:
    """The address as people and logs may see it: passwords, and values that look like keys, are hidden."""
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")
    except ValueError:
        return MASK
    user = f"{MASK}@" if host[1] else ""
    query = "&".join(f"{urlencode({name: ''})[:-1]}={MASK}" if _SECRET.search(name) or _looks_random(value)
                     else urlencode({name: value}) for name, value in parse_qsl(parts.query, keep_blank_values=True))
    return urlunsplit((parts.scheme, user + host[2], parts.path, query, ""))


def _looks_random(value: str) -> bool:
    """Long, without spaces, letters and digits mixed: as keys are made."""
    return len(value) >= 20 and bool(re.fullmatch(r"[\w.~+/=-]+", value)) and bool(re.search(r"\d", value)) \
        and bool(re.search(r"[A-Za-z]", value))
