"""Runs through the API: typed, paged, filtered, and written only with permission."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from config.accounts.models import ApiToken
from evaluations.models import Run, Worker
from tests.evaluations.simulated_runs import START, add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db


@pytest.fixture
def method():
    arena = make_arena()
    make_method(arena, "plain")
    return make_method(arena, "clever", params=[{"name": "tau", "type": "float", "default": 1.0, "help": "h",
                                                 "low": 0.0, "high": 4.0, "choices": None}])


@pytest.fixture
def token(django_user_model):
    user = django_user_model.objects.create_user("program")
    user.user_permissions.add(*Permission.objects.filter(codename__in=["add_run", "change_run"],
                                                         content_type__app_label="evaluations"))
    return {"Authorization": f"Bearer {ApiToken.issue(user=user, name='test')[1]}"}


def post(client, path, body=None, headers=None):
    return client.post(path, body or {}, content_type="application/json", headers=headers or {})


def test_runs_are_paged_filtered_and_complete(client, method, django_assert_max_num_queries):
    add_runs(method, {"accuracy": draws(70, 30), "error": draws(1, 30)})
    with django_assert_max_num_queries(8):
        page = client.get("/api/runs?limit=10&offset=5&state=done&arena=sorting").json()
    assert page["count"] == 30 and len(page["items"]) == 10
    first = page["items"][0]
    assert set(first["scores"]) == {"accuracy", "error"} and first["stale"] is False
    assert first["arena"] == "sorting" and first["counts"] == {"parameters": 1000, "gradients": 50}
    assert client.get("/api/runs?state=failed").json() == {"items": [], "count": 0}


def test_since_gives_what_is_new(client, method):
    add_runs(method, {"accuracy": [70.0, 71.0], "error": [1, 1]})
    Run.objects.update(requested_at=START - timedelta(days=1))
    Run.objects.filter(seed=1).update(finished_at=START + timedelta(days=10))
    moment = (START + timedelta(days=5)).isoformat().replace("+", "%2B")
    assert [run["seed"] for run in client.get(f"/api/runs?since={moment}").json()["items"]] == [1]
    assert client.get("/api/runs?since=yesterday").status_code == 422


def test_one_run_has_everything_its_page_shows(client, method):
    add_runs(method, {"accuracy": [70.0], "error": [1.0]}, log="hello", params={"tau": 2.0}, params_key="k",
             curve=[{"step": 1, "loss": 2.0}])
    run = Run.objects.get()
    found = client.get(f"/api/runs/{run.pk}").json()
    assert found["log"] == "hello" and found["curve"] == [{"step": 1, "loss": 2.0}]
    assert found["hyperparameters"] == [{"name": "tau", "value": 2.0, "default": 1.0, "help": "h", "changed": True}]
    assert found["environment"] == {"processor": "Abacus 3000"} and "--param tau=2.0" in found["command"]
    assert client.get("/api/runs/999999").status_code == 404


def test_runs_are_requested_with_a_token(client, method, token):
    body = {"target": "method:sorting/clever", "seeds": "0-2", "params": {"tau": 2}}
    answer = post(client, "/api/runs", body, token)
    assert answer.status_code == 202, answer.content
    assert len(answer.json()["queued"]) == 3 and answer.json()["worker_listening"] is False
    Worker.objects.create(name="w", queues=["cpu"], seen_at=timezone.now())
    again = post(client, "/api/runs", body | {"seeds": [0, 1, 2, 3]}, token).json()
    assert len(again["queued"]) == 1 and len(again["already_queued"]) == 3 and again["worker_listening"] is True
    key = answer.json()["request"]
    assert client.get(f"/api/runs?request={key}").json()["count"] == 3
    assert Run.objects.filter(requested_by__username="program").count() == 4


@pytest.mark.parametrize("body,status,said", [
    ({"target": "method:sorting/none"}, 404, "there is no method"),
    ({"target": "arena:sorting", "params": {"tau": 2}}, 400, "need a single method"),
    ({"target": "arena:sorting", "seeds": "x"}, 400, "seeds must be"),
    ({"target": "arena:sorting", "seeds": []}, 400, "seeds are whole numbers"),
    ({"target": "arena:sorting", "queue": "x"}, 400, "no queue x"),
    ({}, 422, "target"),
])
def test_wrong_requests_say_what_is_wrong(client, method, token, body, status, said):
    answer = post(client, "/api/runs", body, token)
    assert answer.status_code == status and said in answer.content.decode()
    assert not Run.objects.exists()


def test_refusals_are_part_of_the_answer(client, method, token):
    answer = post(client, "/api/runs", {"target": "arena:sorting", "setting": "odd"}, token).json()
    assert [r["method"] for r in answer["refused"]] == ["sorting/clever", "sorting/plain"] and not answer["queued"]


def test_cancel_and_retry(client, method, token):
    run = Run.objects.create(method=method, seed=0, code_digest=method.code_digest)
    assert post(client, f"/api/runs/{run.pk}/cancel", headers=token).json()["cause"] == "cancelled by program"
    assert post(client, f"/api/runs/{run.pk}/cancel", headers=token).status_code == 409
    assert post(client, f"/api/runs/{run.pk}/retry", headers=token).json()["state"] == "queued"
    assert post(client, f"/api/runs/{run.pk}/retry", headers=token).status_code == 409


@pytest.mark.parametrize("path", ["", "/1/cancel", "/1/retry"])
def test_writing_needs_a_person_with_the_permission(client, method, django_user_model, path):
    body = {"target": "arena:sorting"}
    assert post(client, f"/api/runs{path}", body).status_code == 401
    nobody = ApiToken.issue(user=django_user_model.objects.create_user("nobody"), name="t")[1]
    assert post(client, f"/api/runs{path}", body, {"Authorization": f"Bearer {nobody}"}).status_code == 403
    assert not Run.objects.exists()
