"""The whole product, started as a newcomer starts it, and a real browser looking at it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.chromium import get
from tests.services import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Site:
    """A running Assay: its address, its one-time log-in link, its output so far and its process."""

    address: str
    login_link: str
    log: Path
    process: subprocess.Popen
    environment: dict


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """`python -m config.launch` on an empty data folder, until the tests are over."""
    folder = tmp_path_factory.mktemp("site")
    log, port = folder / "log", free_port()
    environment = {**os.environ, "DATA_DIR": str(folder / "var"), "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    environment.pop("DATABASE_URL", None)
    with open(log, "wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "config.launch"], cwd=ROOT, env=environment, stdout=output,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    try:
        link = wait_until(lambda: process.poll() is not None or re.search(r"\S+/login/link/\S+", log.read_text()),
                          seconds=180, what=f"the launch; see {log}")
        assert process.poll() is None, log.read_text()[-3000:]
        yield Site(f"http://localhost:{port}", link.group(), log, process, environment)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=60)


@pytest.fixture(scope="module")
def chromium():
    """Closed with the module: while it is open, its event loop makes Django refuse the database to later tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=get(), args=[
            "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A fresh visitor. A script error or a refused resource on any page fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(30_000)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert problems == []


@pytest.fixture
def visitor(site, page):
    """A logged-in page: the link works once, so the session is kept for the tests after the first."""
    state = site.log.parent / "session.json"
    if state.exists():
        page.context.add_cookies(json.loads(state.read_text())["cookies"])
    else:
        page.goto(site.login_link)
        page.get_by_role("button", name="Log in as admin").click()
        page.wait_for_selector("text=Log out")
        page.context.storage_state(path=state)
    return page
