"""Three jobs of a reader, each in at most three clicks, at both widths, and by keys: what is new kept for tomorrow,
papers put together to compare, a topic found again. What was done is taken back, and the page stays in place."""

from __future__ import annotations

import re
import subprocess
import sys
import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ROOT

pytestmark = pytest.mark.xdist_group("browser")
WIDTHS = pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["wide", "phone"])
WAIT = 30_000
PASSWORD = "a long pass phrase"


@pytest.fixture
def reader(site, page):
    """Somebody new, logged in, with a digest that nobody had before; its titles are theirs."""
    name = f"reader{uuid.uuid4().hex[:8]}"
    subprocess.run(
        [sys.executable, "manage.py", "createsuperuser", "--noinput", "--username", name,
         "--email", "reader@example.org"],
        cwd=ROOT, env=site.environment | {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}, check=True, capture_output=True)
    page.goto(f"{site.address}/login/")
    page.fill("main input[name=username]", name)
    page.fill("main input[name=password]", PASSWORD)
    page.click("main form button")
    page.goto(f"{site.address}/import/")
    page.fill("textarea[name=text]", "\n".join(f'{{"title": "{title} for {name}"}}' for title in (
        "Adapters of low rank", "Adapters of lower rank", "Bridges built of paper")))
    page.click("main form button.primary, main form button[type=submit]")
    page.locator("main form button.primary", has_text="Import").click()
    page.wait_for_url("**/digests/*/")
    page.shelf_name = name
    return page


def pressed(row, key: str, state: bool = True) -> None:
    expect(row.locator(f"[data-key={key}]")).to_have_attribute("aria-pressed", "true" if state else "false",
                                                                timeout=WAIT)


@WIDTHS
def test_what_is_new_is_kept_for_tomorrow(site, reader, size):
    """Job 2: inbox, star and put on a reading list, mark the rest read: three clicks; tomorrow the list is there."""
    page = reader
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{site.address}/inbox/")
    rows = page.locator("[data-row]", has_text=page.shelf_name)
    expect(rows).to_have_count(3)
    rows.first.locator("[data-key=s]").click()
    pressed(rows.first, "s")
    assert page.url.endswith("/inbox/")
    page.get_by_role("button", name="Mark all read").click()
    expect(page.locator("main .messages")).to_contain_text("Marked all as read", timeout=WAIT)
    expect(rows).to_have_count(0)
    page.goto(f"{site.address}/papers/?is=starred")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.keyboard.press("u")
    expect(page.locator("#shelf-said")).to_contain_text("Undone: marked all as read", timeout=WAIT)
    page.goto(f"{site.address}/inbox/")
    expect(rows).to_have_count(3)


@WIDTHS
def test_the_same_by_keys_alone(site, reader, size):
    page = reader
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{site.address}/inbox/")
    rows = page.locator("[data-row]", has_text=page.shelf_name)
    press = page.keyboard.press
    press("j")
    press("s")
    pressed(rows.nth(0), "s")
    press("l")
    expect(rows.nth(0).locator("[name=list]")).to_be_focused(timeout=WAIT)
    page.keyboard.type("To read")
    press("Enter")
    expect(rows.nth(0).locator("a.chip", has_text="To read")).to_be_visible(timeout=WAIT)
    press("Escape")
    press("j")
    press("r")
    pressed(rows.nth(1), "r")
    press("j")
    press("h")
    expect(rows.nth(2).locator(".row-body")).to_be_hidden(timeout=WAIT)
    press("u")
    expect(rows.nth(2).locator(".row-body")).to_be_visible(timeout=WAIT)
    press("k")
    press("x")
    assert rows.nth(1).locator("[data-key=x]").is_checked()
    press("?")
    expect(page.locator("#keys")).to_be_visible()
    press("Escape")
    page.goto(f"{site.address}/shelf/")
    page.get_by_role("link", name="To read").click()
    expect(page.locator("[data-row]")).to_have_count(1)


@WIDTHS
def test_like_papers_are_ticked_and_kept_together(site, reader, size):
    """Job 3: search, tick two, one press puts both on a list to compare; the row that was in sight stays there."""
    page = reader
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{site.address}/papers/?q={page.shelf_name}")
    rows = page.locator("[data-row]")
    expect(rows).to_have_count(3)
    rows.nth(0).locator("[data-key=x]").check()
    rows.nth(1).locator("[data-key=x]").check()
    page.fill("#bar-name", "Compare")
    before = rows.nth(0).bounding_box()["y"]
    page.locator(".shelf-bar").get_by_role("button", name="List", exact=True).click()
    expect(page.locator("#shelf-said")).to_contain_text("Put 2 papers on the list", timeout=WAIT)
    assert abs(rows.nth(0).bounding_box()["y"] - before) < 120
    expect(page.locator(".keep a.chip", has_text="Compare")).to_have_count(2)


@WIDTHS
def test_a_topic_is_tagged_and_found_again(site, reader, size):
    """Job 5, its half on the shelf: tag a paper, click the tag, and its papers are a list with an address."""
    page = reader
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{site.address}/papers/?q={page.shelf_name}")
    page.keyboard.press("j")
    page.keyboard.press("t")
    expect(page.locator("[data-row] [name=tag]").first).to_be_focused(timeout=WAIT)
    page.keyboard.type("peft/adapters")
    page.keyboard.press("Enter")
    page.locator(".keep a.tag", has_text="peft/adapters").first.click()
    page.wait_for_url(re.compile(r"/papers/\?q=tag:"))
    expect(page.locator("[data-row]")).to_have_count(1)


def test_without_script_plain_buttons_do_it(site, chromium, reader):
    cookies = reader.context.cookies()
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies(cookies)
    plain = context.new_page()
    plain.goto(f"{site.address}/papers/?q={reader.shelf_name}")
    plain.locator("[data-row] [data-key=s]").first.click()
    plain.wait_for_url("**/papers/?q=*#paper-*")
    assert plain.locator("[data-row] [data-key=s][aria-pressed=true]").count() == 1
    plain.locator("#shelf-undo").click()
    assert "Undone: starred 1 paper." in plain.locator("main .messages").text_content()
    context.close()
