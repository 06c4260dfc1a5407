"""The second factor and signing in elsewhere, switched on as an installation does: a site of its own in another
process, a real provider, and a browser that keeps cookies and fills in forms."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import time
from html import unescape
from pathlib import Path

import httpx2
import pytest

from tests.servers.oidc import CLIENT, SECRET, oidc_provider
from tests.services import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a good long password"
CHECK = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]


class Browser(httpx2.Client):
    """Follows links and forms within the site, and to the provider and back."""

    def __init__(self, address: str):
        super().__init__(base_url=address, follow_redirects=True, trust_env=False)

    def fill(self, page: str, number: int = -1, **fields: str) -> httpx2.Response:
        """Send one of the POST forms of the page's own part (the last) with its hidden fields."""
        answer = self.get(page)
        own = (answer.text.partition("<main")[2] or answer.text).partition("</main>")[0]
        forms = re.findall(r'<form[^>]*method="post"[^>]*>.*?</form>', own, re.S)
        action = re.match(r'<form[^>]*action="([^"]*)"', forms[number])
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', forms[number]))
        return self.post(unescape(action[1]) if action and action[1] else str(answer.url), data=hidden | fields,
                         headers={"Referer": str(answer.url)})

    def log_in(self, name: str) -> httpx2.Response:
        return self.fill("/login/", 0, username=name, password=PASSWORD)

    def sign_in(self, page: str = "/login/") -> httpx2.Response:
        """By the button of the provider, over its page, and back."""
        onward = self.fill(page)
        return self.get(unescape(re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', onward.text)[1]))

    @property
    def account(self) -> str:
        """Who is logged in; empty when nobody is."""
        answer = self.get("/account/")
        return re.search(r"<h1>(.*?)</h1>", answer.text)[1] if answer.url.path == "/account/" else ""


class Site:
    """A served site; `rows` looks into its database."""

    invitation = ""  # the secret of one

    def __init__(self, folder: Path, **settings: str):
        self.port = free_port()
        self.address = f"http://localhost:{self.port}"
        self.environment = {**os.environ, "DATA_DIR": str(folder), "DATABASE_URL": "", "LOG_LEVEL": "WARNING",
                            **settings}

    def manage(self, *arguments: str) -> str:
        return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, text=True,
                              capture_output=True, check=True).stdout.strip()

    def rows(self, query: str) -> str:
        with contextlib.closing(sqlite3.connect(Path(self.environment["DATA_DIR"]) / "assay.sqlite3")) as database:
            return str(database.execute(query).fetchall())

    @contextlib.contextmanager
    def served(self, workers: int = 1):
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "config.wsgi", "-b", f"127.0.0.1:{self.port}", "-w", str(workers)],
            cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        try:
            wait_until(self._answers, seconds=120, what="the site")
            yield self
        finally:
            process.terminate()
            process.wait(timeout=30)

    def _answers(self) -> bool:
        with contextlib.suppress(httpx2.HTTPError):
            return httpx2.get(f"{self.address}/login/", trust_env=False).status_code == 200
        return False


@pytest.fixture(scope="module")
def provider():
    with oidc_provider() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory, provider):
    """Both switched on, with two web processes, the accounts `ada` and `hal`, and an invitation."""
    site = Site(tmp_path_factory.mktemp("site"), TWO_FACTOR="1", OIDC_ISSUER=provider.url, OIDC_CLIENT_ID=CLIENT,
                OIDC_CLIENT_SECRET=SECRET, OIDC_NAME="Example University")
    site.manage("migrate", "-v0")
    site.invitation = site.manage("shell", "-v0", "-c", f"""
from django.contrib.auth.models import User
from config.accounts.invitations import invite
ada = User.objects.create_superuser("ada", password={PASSWORD!r})
User.objects.create_user("hal", "hal@example.org", {PASSWORD!r})
print(invite(names=["runner"], days=7, by=ada)[1])""")
    with site.served(workers=2):
        yield site


@pytest.fixture
def browser(site):
    with Browser(site.address) as client:
        yield client


def code_of(secret: str, ahead: int = 0) -> str:
    """What a phone shows now, or `ahead` steps of 30 seconds later."""
    import base64
    import hmac
    import struct
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30 + ahead), "sha1").digest()
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place:place + 4])[0] & 0x7fffffff) % 10**6:06}"


def test_everything_on_is_clean_and_its_tables_match(tmp_path):
    site = Site(tmp_path, TWO_FACTOR="1", OIDC_ISSUER="https://id.example.org", HTTPS="1", ALLOWED_HOSTS="a.test")
    done = subprocess.run([sys.executable, *CHECK], cwd=ROOT, env=site.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "No changes" in site.manage("makemigrations", "--check", "--dry-run")


def test_the_second_factor_from_set_up_to_removal(site, browser):
    """One story, for each step needs the one before."""
    assert browser.log_in("ada").url.path == "/" and browser.account == "ada"
    assert "Second factor" in browser.get("/account/").text
    page = browser.get("/account/2fa/totp/activate/")
    if page.url.path == "/account/again/":
        page = browser.fill(str(page.url), password=PASSWORD)
    secret = re.search(r'value="([A-Z2-7]{32})"', page.text)[1]
    assert "data:image/svg+xml" in page.text and "<script" not in page.text.partition("<main")[2]
    done = browser.post("/account/2fa/totp/activate/", headers={"Referer": str(page.url)}, data={
        "csrfmiddlewaretoken": browser.cookies["csrftoken"], "code": code_of(secret)})
    recovery = re.findall(r"\b[0-9a-f]{8}\b|\b\d{8}\b", done.text)
    assert done.url.path == "/account/2fa/recovery-codes/" and len(recovery) == 10
    stored = site.rows("SELECT data FROM mfa_authenticator")
    assert secret not in stored and "secret" in stored, "encrypted"

    later = Browser(site.address)
    asked = later.log_in("ada")
    assert asked.url.path == "/account/2fa/authenticate/" and later.account == "", "the password alone lets nobody in"
    assert later.get("/admin/").url.path != "/admin/", "nor does the admin's own page"
    wrong = later.fill(str(asked.url), 0, code="000000")
    assert "Incorrect code" in wrong.text and later.account == ""
    code = code_of(secret)
    assert later.fill(str(asked.url), 0, code=code).url.path == "/" and later.account == "ada"
    for _ in range(2):  # few enough that neither process has it wait, whichever answers
        again = Browser(site.address)
        asked = again.log_in("ada")
        assert "Incorrect code" in again.fill(str(asked.url), 0, code=code).text and again.account == ""
    assert again.fill(str(asked.url), 0, code=recovery[0]).url.path == "/" and again.account == "ada"
    once = Browser(site.address)
    asked = once.log_in("ada")
    assert "Incorrect code" in once.fill(str(asked.url), 0, code=recovery[0]).text, "so does a recovery code"

    link = site.manage("login_link", "ada", "--site", site.address)
    owner = Browser(site.address)
    owner.fill(link)
    assert owner.account == "ada", "whoever has the server is never locked out"
    page = owner.get("/account/2fa/totp/deactivate/")
    if page.url.path == "/account/again/":
        page = owner.fill(str(page.url), password=PASSWORD)
    owner.fill("/account/2fa/totp/deactivate/")
    assert Browser(site.address).log_in("ada").url.path == "/"
    verbs = site.rows("SELECT verb FROM audit_entry")
    assert "set up a second factor of" in verbs and "removed a second factor of" in verbs


def test_a_stranger_of_the_provider_is_told_to_get_an_invitation(site, browser, provider):
    provider.person = {"sub": "stranger", "preferred_username": "mal", "email": "mal@example.org"}
    answer = browser.sign_in()
    assert answer.status_code == 403 and "nobody has invited you" in answer.text and browser.account == ""
    assert "ada" in (names := site.rows("SELECT username FROM auth_user")) and "mal" not in names


def test_an_invited_person_signs_in_elsewhere_once_and_ever_after(site, browser, provider):
    provider.person = {"sub": "u1", "preferred_username": "grace", "email": "grace@example.org"}
    browser.sign_in(f"/join/{site.invitation}/")
    assert browser.account == "grace" and "starts, cancels and repeats runs" in browser.get("/account/").text
    assert Browser(site.address).get(f"/join/{site.invitation}/").status_code == 404, "used"
    again = Browser(site.address)
    again.sign_in()
    assert again.account == "grace" and provider.refused == []


def test_who_has_an_account_connects_it_and_nobody_takes_it_over(site, provider):
    provider.person = {"sub": "u2", "preferred_username": "hal", "email": "hal@example.org", "email_verified": True}
    thief = Browser(site.address)
    answer = thief.sign_in()
    assert answer.status_code == 403 and "is here already" in answer.text and thief.account == ""
    owner = Browser(site.address)
    owner.log_in("hal")
    owner.sign_in("/oidc/sso/login/?process=connect")
    back = Browser(site.address)
    back.sign_in()
    assert back.account == "hal"


def test_what_goes_wrong_at_the_provider_is_said(site, browser, provider):
    provider.denies = True
    try:
        assert "/account/elsewhere/login/cancelled/" in str(browser.sign_in().url) and browser.account == ""
    finally:
        provider.denies = False
    answer = browser.get("/oidc/sso/login/callback/?code=forged&state=forged")
    assert answer.status_code in (200, 401, 403) and "<h1>" in answer.text and browser.account == ""


def test_nobody_signs_up_by_themselves(site, browser):
    for path in ("/account/signup/", "/accounts/signup/", "/signup/", "/account/elsewhere/signup/"):
        answer = browser.get(path)
        assert answer.status_code == 404 or answer.url.path in ("/login/", "/account/login/"), path


def test_switched_off_there_is_nothing_of_it(client, db):
    for path in ("/account/2fa/", "/oidc/sso/login/", "/account/elsewhere/"):
        assert client.get(path).status_code == 404
    page = client.get("/login/").content.decode()
    assert "Sign in with" not in page and "allauth" not in sys.modules
