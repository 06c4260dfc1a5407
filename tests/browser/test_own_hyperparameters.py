"""A reader's job: a method against itself and a rival at a rank of one's own, as LaTeX, by clicks alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.xdist_group("browser")
WAIT = 120_000


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["wide", "phone"])
def test_a_rank_of_ones_own_in_a_paper(site, visitor, size):
    page = visitor
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for method in ("rs-lora", "lora"):
        page.goto(f"{site.address}/methods/peft/{method}/")
        run = page.locator("#run-it")
        run.locator("summary", has_text="Hyperparameters").click()
        run.locator("[name=param-r]").fill("2")
        run.locator("[name=scale]").select_option("smoke")
        run.locator("[name=seeds]").fill("2")
        expect(run.locator("form [role=status]")).to_contain_text(
            "2 runs are missing" if size[0] > 400 else re.compile("2 runs are missing|everything is"), timeout=WAIT)
        run.get_by_role("button", name="Run", exact=True).click()
        expect(run.get_by_text("2 of 2 done").or_(run.get_by_text("2 already measured"))).to_be_visible(timeout=WAIT)
    run.get_by_role("link", name="Add LoRA (r = 2) to the table").click()
    rows = page.locator(".comparison tbody tr", has_text="own hyperparameters")
    expect(rows).to_have_count(1, timeout=WAIT)
    chooser = page.locator("#chooser")
    chooser.locator("summary").click()
    chooser.get_by_label("rsLoRA (r = 2)").check()
    chooser.locator("[name=methods]").select_option(["lora", "rs-lora"])
    chooser.get_by_role("button", name="Show").click()
    expect(rows).to_have_count(2, timeout=WAIT)
    expect(page.locator(".comparison tbody tr")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    latex = page.locator("#table-part .downloads a", has_text="LaTeX").get_attribute("href")
    text = page.request.get(site.address + latex).text()
    assert r"LoRA (r = 2) $^{\ddagger}$ &" in text and r"rsLoRA (r = 2) $^{\ddagger}$ &" in text
    rows.filter(has_text="rsLoRA").get_by_role("link", name="remove").click()
    expect(rows).to_have_count(1, timeout=WAIT)
