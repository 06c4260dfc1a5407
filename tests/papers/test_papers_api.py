"""Papers and digests through the API."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from config.accounts.models import ApiToken
from papers import api
from papers.models import Digest, Paper
from papers.services import import_digest
from tests.papers.digest_texts import BLANK_LAYOUT, DENSE_LAYOUT

pytestmark = pytest.mark.django_db


@pytest.fixture
def bearer(importer):
    return {"Authorization": f"Bearer {ApiToken.issue(user=importer, name='test')[1]}"}


@pytest.fixture
def digest():
    rows = [{"title": f"Paper {i}", "abstract": "sorting" if i % 2 else "", "year": 2000 + i,
             "arxiv_id": f"2001.{i:05}"} for i in range(5)] + [{"no": "title"}]
    return import_digest(name="a.jsonl", data="\n".join(map(json.dumps, rows)).encode())


def test_papers_are_paged_and_filtered(client, digest, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        body = client.get("/api/papers", {"limit": 2, "offset": 1, "sort": "oldest"}).json()
    assert body["count"] == 5 and [row["title"] for row in body["items"]] == ["Paper 1", "Paper 2"]
    assert body["items"][0].keys() >= {"id", "abstract", "authors", "urls", "cluster", "methods", "created_at"}
    assert client.get("/api/papers", {"q": "sorting"}).json()["count"] == 2
    assert client.get("/api/papers", {"year": 2003}).json()["count"] == 1
    assert client.get("/api/papers", {"digest": digest.digest_id, "link": "none"}).json()["count"] == 5
    newest = Paper.objects.order_by("-created_at").first().created_at.isoformat()
    assert client.get("/api/papers", {"since": newest}).json()["count"] >= 1
    assert client.get("/api/papers", {"since": "2999-01-01T00:00:00Z"}).json()["count"] == 0
    wrong = client.get("/api/papers", {"sort": "luck"})
    assert wrong.status_code == 422 and "sort" in json.dumps(wrong.json())


def test_one_paper_and_one_digest(client, digest):
    paper = Paper.objects.get(title="Paper 3")
    body = client.get(f"/api/papers/{paper.pk}").json()
    assert body["appearances"] == [{"digest": digest.digest_id, "name": "a.jsonl", "position": 4, "line": 4}]
    assert body["arxiv_id"] == "2001.00003" and body["methods"] == [] and body["other_titles"] == []
    listed = client.get("/api/digests").json()
    assert listed["count"] == 1 and listed["items"][0]["entries"] == 5 and listed["items"][0]["rejects"] == 1
    detail = client.get(f"/api/digests/{digest.digest_id}").json()
    assert [entry["position"] for entry in detail["appearances"]] == [1, 2, 3, 4, 5]
    assert detail["rejections"] == [{"line": 6, "reason": "no title", "excerpt": '{"no": "title"}'}]
    assert client.get("/api/papers/999999").status_code == client.get("/api/digests/999999").status_code == 404


def test_import_as_json_and_as_file(client, bearer, importer):
    dry = client.post("/api/digests?dry_run=true", {"name": "p", "text": BLANK_LAYOUT}, headers=bearer,
                      content_type="application/json")
    assert dry.status_code == 200 and dry.json()["new"] == 2 and not Digest.objects.exists()
    first = client.post("/api/digests", {"name": "p", "text": BLANK_LAYOUT}, headers=bearer,
                        content_type="application/json")
    assert first.status_code == 201 and first.json()["new"] == 2
    assert Digest.objects.get().imported_by == importer
    second = client.post("/api/digests", {"file": SimpleUploadedFile("d.txt", DENSE_LAYOUT.encode())}, headers=bearer)
    assert second.status_code == 201 and second.json()["known"] == 2 and second.json()["name"] == "d.txt"
    again = client.post("/api/digests", {"file": SimpleUploadedFile("d.txt", DENSE_LAYOUT.encode())}, headers=bearer)
    assert again.status_code == 200 and again.json()["already_imported"]


@pytest.mark.parametrize(("body", "content_type", "status", "words"), [
    ("{", "application/json", 400, "JSON"), ('{"name": "x"}', "application/json", 422, "text"),
    ('{"text": 5}', "application/json", 422, "text"), ("[]", "application/json", 422, "body: "),
    ('{"text": "x", "nom": "y"}', "application/json", 422, "unknown field nom; known are name, text"),
    ('{"text": "x", "name": "a\\u0000b"}', "application/json", 422, "name: Value error, holds NUL"),
    ('{"text": "\\ud800"}', "application/json", 422, "text"),
    ('{"name": "x", "text": ""}', "application/json", 422, "x: the file is empty"),
    ('{"name": "x", "text": "no digest"}', "application/json", 422, "plain text"),
])
def test_bad_bodies_get_clear_errors(client, bearer, body, content_type, status, words):
    response = client.post("/api/digests", body, headers=bearer, content_type=content_type)
    assert response.status_code == status and words in response.json()["detail"]
    assert not Digest.objects.exists()


def test_form_without_a_file(client, bearer):
    assert "no file" in client.post("/api/digests", {"x": "y"}, headers=bearer).json()["detail"]


def test_too_large(client, bearer, monkeypatch):
    monkeypatch.setattr(api, "UPLOAD_LIMIT", 100)
    response = client.post("/api/digests", {"text": BLANK_LAYOUT}, headers=bearer, content_type="application/json")
    assert response.status_code == 413 and "larger" in response.json()["detail"]


def test_writing_needs_permission(client, django_user_model):
    body = {"text": BLANK_LAYOUT}
    assert client.post("/api/digests", body, content_type="application/json").status_code == 401
    token = ApiToken.issue(user=django_user_model.objects.create_user("reader"), name="t")[1]
    refused = client.post("/api/digests", body, content_type="application/json",
                          headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 403 and not Digest.objects.exists()


def test_the_body_is_documented(client):
    schema = client.get("/api/openapi.json").json()
    content = schema["paths"]["/api/v1/digests"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "multipart/form-data"}
