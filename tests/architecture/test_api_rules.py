"""What holds for every operation of the API: unknown parameters, numbers beyond the range, limits, and refusals."""

from __future__ import annotations

import pytest
from django.test import Client

from config.accounts.models import ApiToken
from config.api import api
from evaluations.models import Run
from papers import history
from papers.following.events import tell
from papers.following.links import token_of
from papers.following.models import Follow
from papers.following.registry import Draft
from papers.following.services import save_view
from papers.models import Paper
from papers.services import import_digest
from papers.shelf.models import PaperList
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

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


NO_TIME = {"/papers/{paper_id}/links": "a link keeps no time", "/shelf/tags": "a tag keeps no time"}


def listing(operation: dict) -> bool:
    """Whether it answers with rows: an array, or a page of one."""
    schema = operation["responses"][200].get("content", {}).get("application/json", {}).get("schema", {})
    model = COMPONENTS.get(schema.get("$ref", "").rpartition("/")[2], {})
    return schema.get("type") == "array" or "items" in model.get("properties", {})


COMPONENTS = api.get_openapi_schema(path_prefix="")["components"]["schemas"]
ROWS = [path for path in READ if path != "/periods/{kind}/{name}" and listing(DESCRIBED[path]["get"])]
THERE = {"{arena}": "sorting", "{slug}": "plain", "{kind}/{key}": "method/sorting/plain"}


@pytest.fixture
def something_of_each(admin_client, admin_user):
    """One row at least in most lists, all made now."""
    plain = make_method(make_arena(), "plain")
    add_runs(plain, {"accuracy": draws(70), "error": draws(1)})
    import_digest(name="a.bib", data=b"@article{a, title={On the sorting of lists}, year={2024}}\n")
    paper = Paper.objects.get()
    kept = {"papers": [paper.pk], "star": True, "add_to_lists": ["First"]}
    assert admin_client.post("/api/shelf/papers", kept, content_type="application/json").status_code == 200
    Follow.objects.create(owner=admin_user, kind="topic", key="sorting", title="sorting", events=["notice"])
    history.record("linked", "method:sorting/plain", by=admin_user)
    tell([Draft("notice", "one", "Something", "/", frozenset({("topic", "sorting")}))])
    return {"{pk}": str(PaperList.objects.get().pk), "{paper_id}": str(paper.pk)}


def test_every_list_says_what_is_new_and_when_nothing_is(admin_client, something_of_each):
    """`since` and a tag with 304, at every address of the description that answers with rows."""
    before, later = "2020-01-01T00:00:00Z", "2990-01-01T00:00:00Z"
    assert len(ROWS) > 25 and set(NO_TIME) <= set(ROWS)
    seen = set()
    for path in ROWS:
        url = f"/api{path}"
        for part, value in (something_of_each | THERE).items():
            url = url.replace(part, value)
        whole = admin_client.get(url)
        if whole.status_code in (404, 409):  # a source, of which there is none; a ranking without an encoder
            continue
        assert whole.status_code == 200, (url, whole.content)
        again = admin_client.get(url, headers={"if-none-match": whole.headers["ETag"]})
        assert again.status_code == 304 and not again.content, url
        if path in NO_TIME:
            assert admin_client.get(f"{url}?since={before}").status_code == 422
            continue
        old, new = (admin_client.get(f"{url}?since={moment}") for moment in (before, later))
        assert old.status_code == new.status_code == 200, (url, old.content, new.content)
        rows = [answer["items"] if isinstance(answer, dict) else answer for answer in (whole.json(), old.json(),
                                                                                        new.json())]
        assert rows[2] == [] and rows[1] == rows[0], url
        assert admin_client.get(f"{url}?since=yesterday").status_code == 422
        seen |= {path} if rows[0] else set()
    assert {"/papers", "/digests", "/methods", "/arenas", "/runs", "/shelf/papers", "/shelf/lists", "/history",
            "/shelf/lists/{pk}", "/inbox", "/trending", "/follows", "/notifications"} <= seen


def test_every_feed_says_what_is_new_and_when_nothing_is(admin_client, admin_user, something_of_each):
    view = save_view(owner=admin_user, name="All", address="/papers/")
    for url in ("/papers/feed.atom", "/papers/feed.json", "/claims/feed/", "/claims/feed.json",
                *(f"/views/{view.pk}/{token_of(view)}/feed.{format}" for format in ("atom", "json"))):
        whole = admin_client.get(url)
        assert admin_client.get(url, headers={"if-none-match": whole.headers["ETag"]}).status_code == 304
        later = admin_client.get(f"{url}?since=2990-01-01").text
        assert "On the sorting of lists" not in later
        assert ("On the sorting of lists" in whole.text) == ("claims" not in url)
        assert admin_client.get(f"{url}?since=yesterday").status_code == 400
