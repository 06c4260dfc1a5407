"""The search box in a real browser: it offers completions, and its page fits a telephone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.xdist_group("browser")


def test_the_box_offers_completions_and_the_page_fits(site, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site.address}/search/")
    box = page.get_by_role("combobox", name="Papers and methods")
    box.press_sequentially("momen", delay=20)
    offered = page.locator("#suggestions option")
    expect(offered.first).to_be_attached()
    assert any("momentum" in (option.get_attribute("value") or "").lower() for option in offered.all())
    box.press("Enter")
    expect(page.locator("#results .facets")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.get_by_text("How to search").click()
    expect(page.get_by_text("author:Hu", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
