"""Job 3 of a reader: papers like this one, and their methods beside each other; three clicks, or as many keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.services import wait_until

pytestmark = pytest.mark.xdist_group("browser")
WAIT = 60_000


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["wide", "phone"])
def test_the_methods_of_similar_papers_beside_each_other(site, page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    paper = page.locator("main").get_by_role("link", name="LoRA: Low-Rank Adaptation of Large Language Models")

    def found() -> bool:
        page.goto(f"{site.address}/search/?q=low-rank+adaptation+of+large+language+models")
        return paper.count() > 0
    wait_until(found, seconds=480, what="the library's papers to be found on a site just begun", pause=1)
    paper.first.click()
    together = page.get_by_role("link", name="Compare their methods")

    def there() -> bool:
        page.reload()
        return together.count() == 1 and (together.get_attribute("href") or "").count("paper=") > 2
    wait_until(there, seconds=480, what="two papers to be found alike on a site just begun", pause=1)
    together.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Compare")).to_be_visible(timeout=WAIT)
    shown = page.locator("main")
    expect(shown).to_contain_text("LoRA")
    assert page.url.count("paper=") > 2
    expect(shown.locator("table", has_text="±").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
