"""A failure of the machine is said to the visitor, in a page and in the API, without a path of the machine."""

from __future__ import annotations

import errno

import pytest
from django.conf import settings
from django.core.files import uploadedfile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False)


def test_an_upload_that_fills_the_disk_is_told_so(visitor, monkeypatch, admin_user):
    """/dev/full takes the upload: the kernel itself says that there is no room."""
    visitor.force_login(admin_user)
    monkeypatch.setattr(uploadedfile.tempfile, "NamedTemporaryFile",
                        lambda *a, **k: open("/dev/full", "wb", buffering=0))
    large = SimpleUploadedFile("large.txt", b"x" * (settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1))
    answer = visitor.post("/import/", {"file": large, "csrfmiddlewaretoken": "x"})
    assert answer.status_code == 507 and answer["Retry-After"]
    assert "disk of this site is full" in answer.content.decode()
    assert str(settings.DATA_DIR) not in answer.content.decode()


@pytest.mark.parametrize(("error", "status"), [
    (OperationalError("unable to open database file"), 503), (KeyError("a bug"), 500)])
def test_other_errors_say_what_may_be_said(visitor, monkeypatch, error, status):
    def fail(*_, **__):
        raise error
    monkeypatch.setattr("config.front.views.page_or_fragment", fail)
    answer = visitor.get("/")
    assert answer.status_code == status
    assert str(settings.DATA_DIR) not in answer.content.decode()
    assert ("Nothing half-done" if status == 500 else "cannot reach its data") in answer.content.decode()


def test_the_api_answers_in_json(visitor, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("papers.api.asker_of", fail)
    answer = visitor.get("/api/v1/papers")
    assert answer.status_code == 507
    assert "is full" in answer.json()["detail"]
