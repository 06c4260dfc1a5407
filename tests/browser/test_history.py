"""Going back in a real browser shows the page that was left, never a part of it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize(("address", "word", "part", "path"), [
    ("/methods/", "nesterov", "#methods", "/methods/"),
    ("/papers/", "stochastic", "#papers", "/papers/"),
    ("/search/", "momentum", "#results", "/search/")])
def test_filter_open_and_go_back(site, page, address, word, part, path):
    page.goto(site.address + address)
    page.locator("main form input[name=q]").fill(word)
    page.wait_for_url(re.compile(rf"{path}\?.*q={word}"))
    page.locator("main form input[name=q]").blur()  # leaving the field asks once more; a click amid the swap is lost
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    link = page.locator(f"{part} :is(th, li) a", has_text=re.compile(word, re.I)).first
    link.click()
    page.wait_for_url(lambda url: not url.split("?")[0].endswith(path))
    page.go_back()
    page.wait_for_url(re.compile(rf"{path}\?.*q={word}"))
    assert page.locator("header.site").count() == 1 and page.locator("h1").count() == 1
    assert page.locator("main form input[name=q]").input_value() == word
    assert page.locator(f"{part} a", has_text=re.compile(word, re.I)).count() >= 1
    assert page.evaluate("document.styleSheets.length") >= 2
