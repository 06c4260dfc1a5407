"""Job 1 of a reader: the best method for a small budget, and whether to trust it; two clicks and a number."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.xdist_group("browser")
WAIT = 60_000


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["wide", "phone"])
def test_the_best_method_for_a_small_budget(site, page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{site.address}/arenas/")
    page.locator("main").get_by_role("link", name="Parameter-efficient adaptation").first.click()
    rows = page.locator(".comparison tbody tr")
    expect(rows.first).to_be_visible(timeout=WAIT)
    every = rows.count()
    assert page.locator(".comparison").bounding_box()["y"] < size[1], "the table begins in the first screenful"
    page.fill("#chooser [name=most]", "2000")
    status = page.locator("#table-part [role=status]")
    expect(status).to_contain_text("at most 2,000 in parameters", timeout=WAIT)
    assert 0 < rows.count() < every and "most=2000" in page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.select_option("#sort-choice", "trainable")
    page.wait_for_url("**sort=trainable**", timeout=WAIT)
    counts = page.locator(".comparison td.chosen .cell").all_inner_texts()
    expect(page.locator(".comparison th[aria-sort=ascending]")).to_have_count(1)
    numbers = [int(text.replace(",", "")) for text in counts]
    assert sorted(numbers) == numbers and max(numbers) <= 2000
    csv = page.locator("#table-part .downloads a", has_text="CSV").get_attribute("href")
    assert "most=2000" in csv and "sort=trainable" in csv, "the file is what the page shows"
    assert page.get_by_text("What the table says today").is_visible(), "and how far to trust it stands below"
