"""Every page of the site, found by its links: no barriers (axe) wide and light nor dark on a phone, and light enough.

Nobody lists the pages: the walk begins at the addresses that need no argument and follows links until it has seen one
page of each name that an address has.
"""

from __future__ import annotations

from importlib.resources import files
from urllib.parse import urlsplit

import pytest
from django.urls import NoReverseMatch, Resolver404, resolve, reverse

from tests.architecture.test_hostile_addresses import NAMES

pytestmark = pytest.mark.xdist_group("browser")
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
DOCUMENTS = {"client_file", "openapi-json"}  # files, not pages
API = ("/api/docs", "/api/docs?operation=evaluations_ledger_api_get_ledger", "/api/docs?type=Problem")
MOST_BYTES, MOST_NODES = 300_000, 1_500
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LOOKS = ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"]  # what a look changes
ALIKE = "li:nth-child(n+7), tr:nth-child(n+7), svg a:nth-of-type(n+7)"  # what repeats the row before it
LINKS = """[...document.querySelectorAll('main a[href]:not([download]), footer a[href]')].filter(
    each => each.origin === location.origin).map(each => each.pathname + each.search)"""
VISITED = ("/", "/login/", "/papers/", "/search/?q=momentum")  # by somebody who is not logged in
LEAST_NAMES = 40


def test_every_page_is_without_barriers_and_light(site, visitor):
    page, faults, seen = visitor, [], {}
    waiting = [address for name in NAMES if (address := _reversed(name))] + list(API)
    page.set_default_timeout(60_000)
    while waiting:
        address = waiting.pop(0)
        name = _name(address)
        if name is None or name in seen:
            continue
        answer = page.request.get(site.address + address, max_redirects=0)
        if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            continue  # a file, a feed, or the way to another page
        body = answer.body()
        if b"<main" not in body:
            continue
        seen[name] = address
        page.goto(site.address + address)
        faults += [f"{address}: {fault}" for fault in _faults(page, len(body))]
        waiting += page.evaluate(LINKS)
    page.context.clear_cookies()
    for address in VISITED:
        size = len(page.goto(site.address + address).body())
        faults += [f"{address}, logged out: {fault}" for fault in _faults(page, size)]
    assert not faults, "\n".join(faults)
    assert len(seen) >= LEAST_NAMES, sorted(seen)


def _faults(page, size: int):
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")
    page.evaluate(AXE)
    nodes = page.evaluate("document.querySelectorAll('*').length")
    if size > MOST_BYTES or nodes > MOST_NODES:
        yield f"{size:,} bytes and {nodes:,} nodes"
    yield from _violations(page, [])
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    yield from (f"dark, on a phone: {fault}" for fault in _violations(page, LOOKS))
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        yield f"{wide} px wider than a phone"


def _violations(page, rules: list[str]) -> list[str]:
    """By these rules alone, or by all."""
    return page.evaluate("""([alike, rules]) => axe.run({exclude: [[alike]]}, {resultTypes: ['violations'],
        ...(rules.length ? {runOnly: rules} : {})}).then(found => found.violations.map(
            each => `${each.id}: ${each.nodes.length} × ${each.nodes[0].html.slice(0, 120)}`))""", [ALIKE, rules])


def _reversed(name: str) -> str | None:
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def _name(address: str) -> str | None:
    """By which a page is known: that of its address; the API's pages by what they ask for."""
    if address in API:
        return address
    try:
        name = resolve(urlsplit(address).path).url_name
    except Resolver404:
        return None
    return name if name in NAMES and name not in DOCUMENTS else None
