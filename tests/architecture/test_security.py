"""Deployment checks, headers and the rule that every write needs a person with the permission."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_deploy_check_is_clean(tmp_path):
    environment = {**os.environ, "HTTPS": "1", "DATA_DIR": str(tmp_path), "SECRET_KEY": "", "ALLOWED_HOSTS": "a.test"}
    done = subprocess.run([sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], cwd=ROOT,
                          env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_generated_secret_key_is_private_and_kept(tmp_path):
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "SECRET_KEY": ""}
    code = "from django.conf import settings; print(settings.SECRET_KEY)"
    keys = {subprocess.run([sys.executable, "manage.py", "shell", "-v0", "-c", code], cwd=ROOT, env=environment,
                           capture_output=True, text=True, check=True).stdout.strip() for _ in range(2)}
    assert len(keys) == 1 and len(keys.pop()) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_migrations_match_the_models():
    done = subprocess.run([sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.django_db
def test_pages_carry_a_strict_content_policy(client):
    policy = client.get("/login/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy and "default-src 'self'" in policy


def _post_addresses():
    return [
        ("/import/", {"text": "x"}), ("/runs/request/", {"target": "arena:optimizers"}), ("/runs/1/cancel/", {}),
        ("/runs/1/retry/", {}), ("/papers/1/links/", {"word": "accept", "method": "a/b"}),
        ("/runs/1/replay/", {}), ("/arenas/optimizers/freeze/", {}), ("/snapshots/x/title/", {"title": "x"}),
        ("/sources/new/", {"name": "x"}), ("/sources/1/edit/", {}), ("/sources/1/run/", {}), ("/sources/1/pause/", {}),
        ("/sources/1/remove/", {}), ("/sources/1/restore/", {}), ("/papers/add/", {"text": "2401.00001"}),
        ("/papers/wanted/1/retry/", {}), ("/papers/wanted/1/remove/", {}), ("/account/", {"token_name": "x"}),
        ("/account/password/", {}), ("/account/tokens/1/delete/", {}), ("/people/1/", {"role": "admin"}),
        ("/people/invitations/", {"role": "admin"}), ("/people/invitations/1/revoke/", {}),
        ("/asks/new/", {"target": "arena:optimizers"}), ("/asks/1/answer/", {"answer": "grant"}),
        ("/asks/1/withdraw/", {}),
        ("/following/toggle/", {}),
        ("/following/1/events/", {}), ("/following/channels/add/", {}), ("/following/channels/1/", {}),
        ("/views/save/", {}), ("/views/1/change/", {}), ("/notifications/mark/", {}),
        ("/shelf/papers/", {"do": "star"}), ("/shelf/papers/1/", {"do": "star"}), ("/shelf/undo/", {}),
        ("/shelf/tags/1/", {"do": "delete"}), ("/lists/new/", {"name": "x"}), ("/lists/1/", {"do": "delete"}),
        ("/inbox/read/", {}),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("address,body", _post_addresses(), ids=lambda v: v if isinstance(v, str) else "")
def test_anonymous_writes_are_sent_to_log_in(client, address, body):
    answer = client.post(address, body)
    assert answer.status_code == 302 and answer.url.startswith("/login/"), (address, answer.status_code)


@pytest.mark.django_db
@pytest.mark.parametrize("address,body", _post_addresses(), ids=lambda v: v if isinstance(v, str) else "")
def test_writes_without_csrf_token_are_refused(django_user_model, address, body):
    from django.test import Client
    client = Client(enforce_csrf_checks=True)
    client.force_login(django_user_model.objects.create_superuser("root"))
    assert client.post(address, body).status_code == 403


@pytest.mark.django_db
def test_api_writes_need_a_token_with_permission(client, django_user_model):
    from config.accounts.models import ApiToken
    weak = django_user_model.objects.create_user("reader")
    _, token = ApiToken.issue(user=weak, name="test")
    body = {"name": "x", "text": "y"}

    def post(**headers):
        return client.post("/api/digests", body, content_type="application/json", headers=headers)

    assert post().status_code in (401, 403)
    assert post(authorization="Bearer nonsense").status_code == 401
    assert post(authorization=f"Bearer {token}").status_code == 403

