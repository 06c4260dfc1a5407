"""Roles, invitations, tokens with scopes, and the first password."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from config.accounts import invitations, roles
from config.accounts.models import ApiToken, Invitation
from config.audit.models import Entry
from papers.models import Digest

pytestmark = pytest.mark.django_db
PASSWORD = "a good long password"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def quick(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def person(name: str, *names: str) -> User:
    made = User.objects.create_user(name, password=PASSWORD)
    made.groups.add(*Group.objects.filter(name__in=names))
    return User.objects.get(pk=made.pk)


def browser(account: User) -> Client:
    client = Client()
    client.force_login(account)
    return client


# --- roles ----------------------------------------------------------------------------------------

def test_every_role_has_its_permissions_after_a_migration_and_gets_them_back():
    Group.objects.get(name="runner").permissions.clear()
    Group.objects.filter(name="curator").delete()
    call_command("migrate", verbosity=0)
    may = {name: {permission for permission in person(name, name).get_all_permissions()} for name in roles.ROLES}
    assert may["reader"] == set() and may["runner"] == set(roles.RUNNING)
    assert may["curator"] == {*roles.IMPORTING, *roles.CURATING, roles.INVITING}
    assert may["admin"] == may["runner"] | may["curator"] | set(roles.LEADING)


def test_every_permission_that_a_page_or_operation_asks_for_is_given_by_a_role():
    """Whoever adds one names it in config/accounts/roles.py, where it also belongs to a scope of tokens."""
    asked = set()
    for app in ("papers", "methods", "evaluations", "workers", "config"):
        for path in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
                        "may", "may_call", "has_perm") and node.args and isinstance(node.args[0], ast.Constant):
                    asked.add(node.args[0].value)
    assert "papers.add_digest" in asked and asked - {""} <= set(roles.ADMIN.permissions)
    assert {roles.scope_of(name, reading=False) for name in asked} == {"own", "import", "curate", "run", "admin"}


def test_an_admin_gives_roles_and_a_budget_and_it_is_noted(client):
    boss, ada = person("boss", "admin"), person("ada")
    page = browser(boss)
    assert "ada" in page.get("/people/").content.decode()
    page.post(f"/people/{ada.pk}/", {"role": ["runner", "curator"], "hours": "1,5"})
    ada = User.objects.get(pk=ada.pk)
    assert roles.roles_of(ada) == ["curator", "runner"] and ada.allowance.seconds_a_day == 5400
    assert [entry.words for entry in Entry.objects.filter(account=boss.pk)] == [
        "ada: 1.5 h a day", "ada: from none to curator, runner"]
    page.post(f"/people/{ada.pk}/", {"role": "runner", "hours": ""})
    assert not hasattr(User.objects.get(pk=ada.pk), "allowance")
    page.post(f"/people/{ada.pk}/", {"role": "runner", "hours": "-3"})
    page.post(f"/people/{ada.pk}/", {"role": "king"})
    assert roles.roles_of(User.objects.get(pk=ada.pk)) == ["runner"]
    page.post(f"/people/{ada.pk}/", {"close": "yes"})
    assert client.post("/login/", {"username": "ada", "password": PASSWORD}).status_code == 200, "not let in"
    assert browser(ada).get("/account/").status_code == 302


@pytest.mark.parametrize("name", ["reader", "curator", "runner"])
def test_nobody_else_gives_roles(name):
    ada = person("ada", name)
    page = browser(ada)
    assert page.get("/people/").status_code == 403
    assert page.post(f"/people/{ada.pk}/", {"role": "admin"}).status_code == 403
    assert page.get("/history/").status_code == 403 and roles.roles_of(ada) == [name]


def test_no_admin_locks_out_themselves_or_the_owner(admin_user):
    boss = person("boss", "admin")
    page = browser(boss)
    page.post(f"/people/{boss.pk}/", {"role": "reader"})
    page.post(f"/people/{boss.pk}/", {"close": "yes"})
    page.post(f"/people/{admin_user.pk}/", {"close": "yes"})
    page.post(f"/people/{admin_user.pk}/", {"role": "reader"})
    assert roles.roles_of(User.objects.get(pk=boss.pk)) == ["admin"] and not Entry.objects.exists()
    assert User.objects.filter(is_active=True).count() == 2 and User.objects.get(pk=admin_user.pk).is_superuser


# --- invitations ----------------------------------------------------------------------------------

def link_in(answer) -> str:
    return re.search(r"http://testserver(/join/[\w-]+/)", answer.content.decode())[1]


def test_an_invited_person_makes_an_account_once(client):
    page = browser(person("boss", "admin"))
    link = link_in(page.post("/people/invitations/", {"role": ["runner", "reader"], "days": "7"}))
    assert link not in page.get("/people/invitations/").content.decode(), "shown once"
    for _ in range(2):
        assert client.head(link).status_code == client.get(link).status_code == 200, "looking uses nothing up"
    wrong = client.post(link, {"username": "BOSS", "password1": PASSWORD, "password2": PASSWORD})
    assert "This name is taken" in wrong.content.decode()
    assert client.post(link, {"username": "eve", "password1": PASSWORD, "password2": PASSWORD}).status_code == 302
    eve = User.objects.get(username="eve")
    assert roles.roles_of(eve) == ["reader", "runner"] and client.get("/account/").status_code == 200
    assert Entry.objects.filter(kind="account", key=eve.pk, verb="joined by").exists()
    other = Client()
    assert other.get(link).status_code == 404
    assert other.post(link, {"username": "mal", "password1": PASSWORD, "password2": PASSWORD}).status_code == 404
    assert Invitation.objects.get().used_by == eve and not User.objects.filter(username="mal").exists()


@pytest.mark.parametrize("ending", ["expired", "revoked", "closed"])
def test_an_invitation_ends(client, ending):
    boss = person("boss", "admin")
    page = browser(boss)
    link = link_in(page.post("/people/invitations/", {"role": "reader", "days": "1"}))
    invitation = Invitation.objects.get()
    if ending == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif ending == "revoked":
        page.post(f"/people/invitations/{invitation.pk}/revoke/")
    else:
        User.objects.filter(pk=boss.pk).update(is_active=False)
    assert client.get(link).status_code == 404
    assert client.post(link, {"username": "eve", "password1": PASSWORD, "password2": PASSWORD}).status_code == 404


def test_a_curator_invites_no_higher_than_themselves():
    curator = person("cora", "curator")
    page = browser(curator)
    said = page.post("/people/invitations/", {"role": "admin", "days": "7"}, follow=True).content.decode()
    assert "you can invite as reader, curator" in said and not Invitation.objects.exists()
    link_in(page.post("/people/invitations/", {"role": "curator", "days": "7"}))
    invitations.invite(names=["reader"], days=7, by=person("boss", "admin"))
    assert len(page.get("/people/invitations/").context["page"]) == 1, "others' are not shown"
    assert browser(person("ron", "runner")).get("/people/invitations/").status_code == 403


def test_an_invitation_is_mailed_or_the_page_says_why_not(mailoutbox, settings):
    page = browser(person("boss", "admin"))
    link = link_in(page.post("/people/invitations/", {"role": "reader", "days": "7", "email": "eve@example.org"}))
    [mail] = mailoutbox
    assert mail.to == ["eve@example.org"] and f"http://testserver{link}" in mail.body
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 1
    answer = page.post("/people/invitations/", {"role": "reader", "days": "7", "email": "max@example.org"})
    assert "could not be sent" in answer.content.decode() and link_in(answer)
    assert "valid email" in page.post("/people/invitations/", {
        "role": "reader", "days": "7", "email": "nobody\nBcc: all@example.org"}).content.decode()


# --- tokens ---------------------------------------------------------------------------------------

def ask(token: str, address: str = "/api/v1/digests", body: dict | None = None):
    headers = {"authorization": f"Bearer {token}"}
    if body is None:
        return Client().get(address, headers=headers)
    return Client().post(address, body, content_type="application/json", headers=headers)


def test_a_token_does_no_more_than_its_scopes(admin_user):
    _, reading = ApiToken.issue(user=admin_user, name="reader", scopes=["read"])
    _, importing = ApiToken.issue(user=admin_user, name="importer", scopes=["import"])
    digest = {"name": "a.jsonl", "text": '{"title": "A Paper", "abstract": "It says so."}'}
    refused = ask(reading, body=digest)
    assert refused.status_code == 403 and "has the scopes read; this needs import" in refused.json()["detail"]
    assert ask(importing, body=digest).status_code == 201 and Digest.objects.count() == 1
    assert ask(importing, "/api/v1/asks", {"target": "arena:x"}).status_code == 403
    assert ask(importing, "/api/v1/asks").status_code == 403 and ask(reading, "/api/v1/asks").status_code == 200
    assert "admin" in ask(reading, "/api/v1/history").json()["detail"]
    assert [(e.verb, e.name, e.token) for e in Entry.objects.filter(kind="digest")] == [
        ("imported", "admin", "importer")]


def test_a_token_does_no_more_than_its_owner():
    _, text = ApiToken.issue(user=person("ada", "reader"), name="all")
    said = ask(text, body={"name": "x", "text": "y"}).json()["detail"]
    assert said == "ada needs the permission papers.add_digest for this."


def test_a_token_ends_and_its_last_use_is_written_once_a_minute(admin_user):
    token, text = ApiToken.issue(user=admin_user, name="t", expires_at=timezone.now() + timedelta(days=1))
    assert ask(text).status_code == 200
    used = ApiToken.objects.get().last_used_at
    assert used is not None
    for _ in range(3):
        ask(text)
    assert ApiToken.objects.get().last_used_at == used
    ApiToken.objects.update(last_used_at=used - timedelta(seconds=61))
    ask(text)
    assert ApiToken.objects.get().last_used_at > used
    ApiToken.objects.update(expires_at=timezone.now())
    assert ask(text).status_code == 401 and "expired on" in ask(text).json()["detail"]


def test_tokens_are_made_shown_once_and_revoked_on_the_account_page(admin_user):
    page = browser(admin_user)
    answer = page.post("/account/", {"token_name": "laptop", "scope": ["run", "read"], "days": "30"})
    text = re.search(r"assay_[\w-]{43}", answer.content.decode())[0]
    token = ApiToken.objects.get()
    assert token.scopes == ["read", "run"] and 29 <= (token.expires_at - timezone.now()).days <= 30
    assert text not in page.get("/account/").content.decode() and ask(text).status_code == 200
    for wrong in ({"scope": "everything"}, {}, {"scope": "read", "days": "9"}):
        page.post("/account/", {"token_name": "x", **wrong})
    assert ApiToken.objects.count() == 1
    assert browser(person("eve")).post(f"/account/tokens/{token.pk}/delete/").status_code == 404
    page.post(f"/account/tokens/{token.pk}/delete/")
    assert ask(text).status_code == 401
    assert list(Entry.objects.filter(kind="token").values_list("verb", "words")) == [
        ("revoked", "“laptop”"), ("made", "“laptop” for read, run")]


# --- the first password ---------------------------------------------------------------------------

@pytest.fixture
def link(capsys) -> str:
    call_command("login_link", "--site", "http://testserver")
    return capsys.readouterr().out.strip().removeprefix("http://testserver")


def test_the_first_log_in_asks_for_a_password_that_can_wait(client, link):
    answer = client.post(f"{link}&next=/papers/")
    assert answer.url == "/account/password/?next=%2Fpapers%2F"
    page = client.get(answer.url).content.decode()
    assert 'href="/papers/">Not now' in page
    weak = client.post(answer.url, {"next": "/papers/", "new_password1": "12345", "new_password2": "12345"})
    assert weak.status_code == 200 and "too short" in weak.content.decode()
    done = client.post(answer.url, {"next": "/papers/", "new_password1": PASSWORD, "new_password2": PASSWORD})
    assert done.url == "/papers/" and client.get("/account/").status_code == 200, "still logged in"
    assert User.objects.get(username="admin").check_password(PASSWORD)
    assert client.get("/account/password/?next=/papers/").url == "/papers/", "asked once"


@pytest.mark.parametrize("onward", ["https://elsewhere.test/", "//elsewhere.test", "javascript:alert(1)", ""])
def test_the_way_on_from_the_first_password_stays_on_the_site(client, link, onward):
    client.post(link)
    answer = client.post("/account/password/", {"next": onward, "new_password1": PASSWORD, "new_password2": PASSWORD})
    assert answer.url == "/"
