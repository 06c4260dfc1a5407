"""What holds for every operation of the API: unknown parameters, numbers beyond the range, limits, and refusals."""

from __future__ import annotations

import pytest
from django.test import Client

from config.accounts.models import ApiToken
from config.api import api
from evaluations.models import Run
from tests.evaluations.simulated_runs import make_arena, make_method

pytestmark = pytest.mark.django_db
HUGE = 10**23
DESCRIBED = api.get_openapi_schema(path_prefix="")["paths"]
READ = sorted(path for path, operations in DESCRIBED.items() if "get" in operations)
LISTS = [path for path in READ
         if {"limit", "offset"} <= {each["name"] for each in DESCRIBED[path]["get"]["parameters"]}]


def address(path: str) -> str:
    for part in ("{paper_id}", "{digest_id}", "{cluster_id}", "{pk}", "{arena}", "{slug}", "{method}", "{key}"):
        path = path.replace(part, "1")
    return f"/api{path}"


@pytest.mark.parametrize("path", READ)
def test_an_unknown_parameter_is_refused_by_name(path, client):
    answer = client.get(f"{address(path)}?bogus=1")
    assert answer.status_code == 422 and answer.json()["detail"].startswith("unknown parameter bogus; ")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", ["limit=501", "limit=0", f"limit={HUGE}", f"offset={HUGE}", "offset=-1",
                                   "limit=5&limit=6", "limit=NaN"])
def test_a_list_honours_its_limit_or_refuses_it_by_name(path, query, client):
    answer = client.get(f"{address(path)}?{query}")
    assert answer.status_code == 422 and query.split("=")[0] in answer.json()["detail"], answer.content


@pytest.mark.parametrize("path", ["papers/{}", "papers/{}/similar", "papers/{}/links", "digests/{}", "clusters/{}",
                                  "runs/{}", "ledger/{}", "claims/reported/{}", "papers?digest={}", "papers?cluster={}",
                                  "papers?year={}", "claims?paper={}", "ledger?paper={}", "ledger?year={}"])
def test_numbers_beyond_the_range_are_refused(path, client):
    assert client.get(f"/api/{path.format(HUGE)}").status_code == 422


@pytest.mark.parametrize(("body", "status", "said"), [
    ({"target": f"paper:{HUGE}"}, 404, "names nothing"), ({"seeds": [2**70]}, 422, "seeds"),
    ({"seeds": [-1]}, 422, "seeds"), ({"seeds": list(range(3000))}, 422, "seeds"),
    ({"seeds": f"{HUGE}-{HUGE}"}, 400, "seeds must be"), ({"params": {"tau": 10**400}}, 202, "tau must be"),
    ({"params": {"tau": float("nan")}}, 202, "tau must be"), ({"bogus": 1}, 422, "unknown field bogus; known are"),
    ({"setting": "a\0"}, 422, "setting"), ({"params": {"tau": "\ud800"}}, 422, "params"),
])
def test_a_request_of_runs_says_what_is_wrong(client, admin_user, body, status, said):
    make_method(make_arena(), "quick", params=[{"name": "tau", "type": "float", "default": 1.0, "help": "h", "low": 0.0,
                                                "high": 4.0, "choices": None}])
    token = {"Authorization": f"Bearer {ApiToken.issue(user=admin_user, name='t')[1]}"}
    answer = client.post("/api/runs", {"target": "method:sorting/quick"} | body, headers=token,
                         content_type="application/json")
    assert answer.status_code == status and said in answer.text and not Run.objects.exists()


def test_a_write_without_token_says_how_to_write(admin_user):
    client = Client(enforce_csrf_checks=True)
    anonymous = client.post("/api/runs", {}, content_type="application/json")
    assert anonymous.status_code == 401 and "Authorization: Bearer TOKEN" in anonymous.json()["detail"]
    client.force_login(admin_user)
    session = client.post("/api/runs", {}, content_type="application/json")
    assert session.status_code == 403 and "X-CSRFToken" in session.json()["detail"]


def test_every_write_says_what_it_takes():
    """Through `may_call`, which also keeps tokens within their scopes."""
    writes = [operation for _, router in api._routers for view in router.path_operations.values()
              for operation in view.operations if set(operation.methods) - {"GET"}]
    assert len(writes) > 20
    unguarded = [each.view_func.__name__ for each in writes if not hasattr(each.view_func, "permission")]
    assert unguarded == []


@pytest.mark.parametrize("path", ["papers?limit=1", "openapi.json", "docs", "runs/999", "paper"])
def test_an_address_without_a_version_is_answered_as_the_newest(path, client):
    newest, bare = client.get(f"/api/v1/{path}"), client.get(f"/api/{path}")
    assert newest.status_code == bare.status_code
    assert newest.content == bare.content or "/api/v1/" in newest.text != bare.text
    assert client.get("/api/v2/papers").status_code == 404


def test_the_description_names_version_1(client):
    described = client.get("/api/v1/openapi.json").json()
    assert described["info"]["version"] == "1" and "version 1" in described["info"]["description"]
    assert all(path.startswith("/api/v1/") for path in described["paths"])


def test_an_address_that_is_not_there_is_refused_as_data(client):
    assert "/api/docs" in client.get("/api/paper").json()["detail"]
    assert "/api/docs" in client.post("/api/paper").json()["detail"]
