"""Logging in: strangers lock nobody out, links outlive previews, wrong tokens disturb no valid one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.core.management import call_command
from django.db.models import F
from django.test import Client, RequestFactory

from config.accounts import throttle
from config.accounts.models import ApiToken

pytestmark = pytest.mark.django_db
HOME, STRANGER = "192.0.2.1", "198.51.100.7"
PASSWORD = "a good long password"


@pytest.fixture(autouse=True)
def quick(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def owner(quick, django_user_model):
    return django_user_model.objects.create_superuser("admin", password=PASSWORD)


def attempt(address: str, password: str = "wrong", username: str = "admin", page: str = "/login/", **headers):
    return Client().post(page, {"username": username, "password": password}, REMOTE_ADDR=address, headers=headers)


def later(**interval) -> None:
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(**interval))


@pytest.mark.parametrize("page", ["/login/", "/admin/login/"])
def test_an_attack_from_elsewhere_does_not_lock_the_owner_out(owner, page):
    for number in range(settings.AXES_FAILURE_LIMIT + 5):  # changing what the browser calls itself helps nobody
        answer = attempt(STRANGER, page=page, user_agent=f"Agent {number}")
    assert answer.status_code == 429 and attempt(STRANGER, PASSWORD, page=page).status_code == 429
    assert attempt(HOME, PASSWORD, page=page).status_code == 302


def test_who_must_wait_is_told_how_long_and_is_let_in_then(owner):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = attempt(HOME)
    assert "Try again in 15\xa0minutes" in answer.content.decode() and 890 <= int(answer["Retry-After"]) <= 900
    later(minutes=10)
    answer = attempt(HOME, PASSWORD)
    assert answer.status_code == 429 and "in 5\xa0minutes" in answer.content.decode(), "trying again costs nothing"
    later(minutes=5)
    assert attempt(HOME, PASSWORD).status_code == 302


def test_a_log_in_forgives_earlier_mistakes(owner):
    for _ in range(2):
        for _ in range(settings.AXES_FAILURE_LIMIT - 1):
            assert attempt(HOME).status_code == 200
        assert attempt(HOME, PASSWORD).status_code == 302


def test_an_address_that_tries_many_accounts_is_slowed_and_nobody_else(owner):
    for number in range(throttle.ADDRESS_LIMIT):
        assert attempt(STRANGER, username=f"user{number}").status_code == 200
    answer = attempt(STRANGER, PASSWORD)
    assert answer.status_code == 429 and 1 <= int(answer["Retry-After"]) <= 5 and "seconds" in answer.content.decode()
    assert attempt(HOME, PASSWORD).status_code == 302
    later(seconds=throttle.ADDRESS_PAUSE.total_seconds())
    assert attempt(STRANGER, PASSWORD).status_code == 302, "slowed and not locked"


@pytest.mark.parametrize("proxies,forwarded,remote,expected", [
    (0, "203.0.113.9", HOME, HOME),  # nobody's word is taken for it
    (1, "203.0.113.9", "10.0.0.1", "203.0.113.9"),
    (1, "6.6.6.6, 203.0.113.9", "10.0.0.1", "203.0.113.9"),  # the first was written by the client
    (2, "6.6.6.6, 203.0.113.9, 10.0.0.2", "10.0.0.1", "203.0.113.9"),
    (2, "203.0.113.9", "10.0.0.1", "203.0.113.9"),
    (1, "203.0.113.9:4711", "10.0.0.1", "203.0.113.9"),
    (1, "[2001:db8::5]:4711", "10.0.0.1", "2001:db8::"),
    (1, "nonsense", "10.0.0.1", "10.0.0.1"),
    (1, "", "10.0.0.1", "10.0.0.1"),
    (0, "", "2001:db8:0:1:aaaa::1", "2001:db8:0:1::"),  # one customer has as many of these as he likes
    (0, "", "::ffff:192.0.2.1", HOME),
    (0, "", "", "0.0.0.0"),
])
def test_the_address_is_the_one_a_trusted_proxy_saw(settings, proxies, forwarded, remote, expected):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=remote, headers={"x-forwarded-for": forwarded})
    assert throttle.address_of(request) == expected


def test_behind_a_proxy_strangers_lock_nobody_out_either(owner, settings):
    settings.TRUSTED_PROXIES = 1
    for _ in range(settings.AXES_FAILURE_LIMIT + 1):
        answer = attempt("10.0.0.1", x_forwarded_for=f"{HOME}, {STRANGER}")
    assert answer.status_code == 429
    assert attempt("10.0.0.1", PASSWORD, x_forwarded_for=HOME).status_code == 302


# --- one-time links -------------------------------------------------------------------------------

@pytest.fixture
def link(owner, capsys) -> str:
    call_command("login_link", "--site", "http://testserver")
    return capsys.readouterr().out.strip().removeprefix("http://testserver")


def test_looking_at_a_link_does_not_use_it_up(client, link):
    for method in (client.head, client.get, client.options, client.head, client.get):
        assert method(link).status_code == 200
    assert "_auth_user_id" not in client.session
    page = client.get(link)
    assert "Log in as admin" in page.content.decode() and "no-store" in page["Cache-Control"]
    answer = client.post(link)
    assert answer.status_code == 302 and answer.url == "/" and client.get("/account/").status_code == 200
    other = Client()
    assert other.post(link).status_code == 403 and other.get(link).status_code == 403
    assert "has been used" in other.get(link).content.decode() and "_auth_user_id" not in other.session


def test_the_button_needs_its_token_and_the_way_back_stays_on_the_site(link):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(link).status_code == 403
    strict.get(link)
    token = strict.cookies["csrftoken"].value
    assert strict.post(f"{link}&next=https://elsewhere.test/", {"csrfmiddlewaretoken": token}).url == "/"


@pytest.mark.parametrize("query", ["", "?sesame=", "?sesame=x", "?sesame=" + "A" * 30, "?sesame=%00%ff",
                                   "?sesame=AAAA:bbb:ccc"])
def test_a_link_that_is_none_is_refused_in_words(client, owner, query):
    for method in (client.get, client.post):
        answer = method(f"/login/link/{query}")
        assert answer.status_code == 403 and "does not work" in answer.content.decode()


def test_a_link_of_a_closed_account_does_not_work(client, link, owner):
    owner.is_active = False
    owner.save()
    assert client.post(link).status_code == 403


def test_a_valid_link_works_where_passwords_must_wait(link):
    for number in range(throttle.ADDRESS_LIMIT + settings.AXES_FAILURE_LIMIT):
        answer = attempt(HOME, username="admin" if number % 2 else f"user{number}")
    assert answer.status_code == 429
    visitor = Client(REMOTE_ADDR=HOME)
    assert visitor.get(link).status_code == 200 and visitor.post(link).status_code == 302


# --- API tokens -----------------------------------------------------------------------------------

def test_wrong_tokens_are_told_to_wait_and_valid_ones_are_not(client, owner):
    _, text = ApiToken.issue(user=owner, name="mine")

    def ask(token, address=HOME):
        return client.get("/api/papers", headers={"authorization": f"Bearer {token}"}, REMOTE_ADDR=address)

    answers = [ask(f"assay_{number}") for number in range(throttle.TOKEN_LIMIT + 1)]
    assert {answer.status_code for answer in answers[:-1]} == {401}
    assert answers[-1].status_code == 429 and answers[-1]["Retry-After"] == "60"
    assert "wait 60 seconds" in answers[-1].json()["detail"]
    assert ask(text).status_code == 200 and ask("assay_x", STRANGER).status_code == 401
    assert AccessAttempt.objects.count() == 0  # nothing is written for a wrong token
