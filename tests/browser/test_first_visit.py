"""A newcomer's first visit, in a real browser: paste, preview, open, run, compare, download."""

from __future__ import annotations

import csv
import io
import re

import pytest

from tests.services import wait_until

pytestmark = pytest.mark.xdist_group("browser")

DIGEST = """\
new

Get trending papers in your email inbox!

Subscribe

Adam: A Method for Stochastic Optimization

An update rule that scales every weight's step by running moments of its gradient, cheap in memory and easy to tune.

Tides of Learning Rates in Small Optimisers

We ask how the step size of momentum and adaptive gradient methods should change over training, and find that a slow \
decay after a short warm-up serves most of them.
"""


def test_reading_needs_no_account_and_pages_fit_a_phone(site, page):
    for address in ("/", "/papers/", "/clusters/", "/methods/", "/methods/optimizers/adam/", "/arenas/",
                    "/arenas/optimizers/", "/arenas/optimizers/statistics/", "/compare/", "/snapshots/", "/claims/",
                    "/claims/open/", "/runs/", "/digests/", "/status/", "/search/?q=momentum", "/login/"):
        page.set_viewport_size({"width": 1280, "height": 900})
        answer = page.goto(site.address + address)
        assert answer.status == 200, address
        assert page.locator("h1").count() == 1, address
        page.set_viewport_size({"width": 390, "height": 844})
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{address} is {wide} px wider than a phone"
    page.goto(site.address + "/methods/optimizers/adam/")
    assert page.get_by_text("Log in to run").count() >= 1


def test_the_theme_can_be_switched_and_search_has_a_shortcut(site, page):
    page.goto(site.address)
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.keyboard.press("/")
    page.keyboard.type("nesterov")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=nesterov")
    page.get_by_role("link", name=re.compile("Nesterov", re.I)).first.wait_for()


def test_a_part_that_renews_itself_keeps_what_a_reader_did(site, visitor):
    page = visitor
    page.set_viewport_size({"width": 700, "height": 844})  # narrower than the table, wider than a phone's cards
    page.goto(site.address + "/arenas/optimizers/")

    def renew():
        page.evaluate("""() => { document.querySelector("#results").dataset.old = "yes";
                         return htmx.ajax("GET", location.pathname, {target: "#results", swap: "outerHTML"}) }""")

    def scrolled():
        return page.locator("#results .table-wrap").first.evaluate("each => each.scrollLeft")

    def folds():
        return page.locator("#results details").evaluate_all("each => each.map(fold => fold.open)")

    page.locator("#results .table-wrap").first.evaluate("each => each.scrollLeft = 90")
    page.locator("#results details").evaluate_all("each => each.forEach(fold => { fold.open = !fold.open })")
    before = folds()
    assert scrolled() == 90 and True in before
    renew()
    page.wait_for_selector("#results:not([data-old])")
    page.wait_for_function("document.querySelector('#results .table-wrap').scrollLeft == 90")
    assert folds() == before

    seeds = page.locator("#results #run input[name=seeds]").first
    seeds.fill("7")
    renew()
    assert page.locator("#results[data-old]").count() == 1 and seeds.input_value() == "7"
    seeds.blur()
    renew()
    page.wait_for_selector("#results:not([data-old])")


def test_paste_open_run_compare_download(site, visitor):
    page = visitor
    page.goto(site.address + "/import/")
    page.fill("textarea", DIGEST)
    page.click("text=Preview")
    page.get_by_text("Nothing is saved yet.").wait_for()
    assert page.get_by_text("Tides of Learning Rates in Small Optimisers").count() == 1
    page.click("button:has-text('Import')")
    page.get_by_role("link", name="Tides of Learning Rates in Small Optimisers").click()
    page.wait_for_url("**/papers/*/")

    def linked():
        page.reload()
        return page.locator("#paper-links .nearest li").count() == 3
    wait_until(linked, seconds=480, what="links of the pasted paper", pause=1)
    assert page.get_by_text("Nothing here runs this paper").count() == 1 and page.locator("#run").count() == 0

    page.goto(site.address + "/papers/?q=Adam%3A+A+Method")
    page.get_by_role("link", name="Adam: A Method for Stochastic Optimization").first.click()
    page.get_by_text("implements").first.wait_for()
    run = page.locator("#run")
    run.locator("[name=setting]").select_option("default")
    run.locator("[name=scale]").select_option("smoke")
    run.locator("[name=seeds]").fill("3")
    run.locator("button.primary").click()
    done = page.locator("#run strong", has_text=re.compile(r"^(\d+) of \1 done$"))
    done.wait_for(timeout=120_000)

    page.goto(site.address + "/arenas/optimizers/?scale=smoke")
    table = page.locator("table").filter(has_text="Adam").first
    table.wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert {"adam", "sgd"} <= {row["method"] for row in rows}
    adam = next(row for row in rows if row["method"] == "adam")
    assert adam["test_accuracy_n"] == "3"
    shown = re.search(r"(-?[\d.]+) ± ", table.locator("tr", has_text="Adam").first.inner_text()).group(1)
    decimals = len(shown.partition(".")[2])
    assert round(float(adam["test_accuracy"]), decimals) == pytest.approx(float(shown), abs=0.51 * 10 ** -decimals)

    page.goto(site.address + "/runs/?state=done")
    page.locator("table a[href^='/runs/']").first.click()
    page.wait_for_url("**/runs/*/")
    for word in ("done", "seed", "threads", "digest"):
        assert re.search(word, page.content(), re.I), word
    page.goto(site.address + "/status/")
    for queue in ("cpu", "tasks"):
        assert page.get_by_text(queue).count()


def test_the_api_describes_itself_without_outside_hosts(site, page):
    hosts = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(site.address + "/api/docs")
    page.wait_for_load_state("networkidle")
    assert hosts == {site.address.split("/")[2]}
    assert page.get_by_text("/api/papers", exact=False).count() >= 1
