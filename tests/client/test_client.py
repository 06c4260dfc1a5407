"""The generated client: typed, the same as the running API, and served by the site."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

from config.accounts.models import ApiToken
from config.api import api
from config.client.generate import client_source, method_name
from evaluations.models import Run
from papers.services import import_digest
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

PREFIX = "/api/v1/"


@pytest.fixture(scope="module")
def source() -> str:
    return client_source(api.get_openapi_schema(path_prefix=PREFIX), prefix=PREFIX)


@pytest.fixture(scope="module")
def client(source) -> types.ModuleType:
    module = types.ModuleType("assay_client")
    sys.modules["assay_client"] = module  # its annotations are looked up there
    exec(compile(source, "assay_client.py", "exec"), module.__dict__)
    return module


def test_it_is_typed_to_the_last_word_and_plain_to_read(source, tmp_path):
    (tmp_path / "assay_client.py").write_text(source)
    for command in (["mypy", "--strict", "--config-file=", "assay_client.py"],
                    ["ruff", "check", "--isolated", "--select=E,F,I,UP,B", "--line-length=120", "assay_client.py"]):
        done = subprocess.run([sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    imported = {line.split()[1] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_every_operation_has_its_method(client):
    described = api.get_openapi_schema(path_prefix="")["paths"]
    names = {method_name(method, path) for path, operations in described.items() for method in operations}
    assert names <= set(dir(client.Assay)) and len(names) == sum(map(len, described.values())) > 60


def test_the_site_serves_it_with_a_tag(client, source):
    from django.test import Client
    browser = Client()
    answer = browser.get("/api/v1/client.py")
    assert answer.content.decode() == source and 'filename="assay_client.py"' in answer["Content-Disposition"]
    assert browser.get("/api/client.py").content == answer.content
    assert browser.get("/api/v1/client.py", headers={"if-none-match": answer["ETag"]}).status_code == 304
    assert browser.post("/api/v1/client.py").status_code == 405


@pytest.mark.django_db(transaction=True)
def test_it_asks_the_running_api(client, live_server, admin_user):
    arena = make_arena()
    plain = make_method(arena, "plain")
    add_runs(plain, {"accuracy": draws(70), "error": draws(1)})
    import_digest(name="a.jsonl", data="\n".join(
        f'{{"title": "Paper {n}", "abstract": "Größe {n}"}}' for n in range(7)).encode())
    site = client.Assay(live_server.url)
    papers = list(site.every(site.get_papers, page=3, sort="oldest"))
    assert [paper["title"] for paper in papers] == [f"Paper {n}" for n in range(7)], "over three pages"
    assert site.get_paper(papers[0]["id"])["abstract"] == "Größe 0"
    assert site.get_papers(q="Größe", limit=2)["count"] == 7
    assert site.get_method("sorting", "plain")["title"] == "Plain"
    assert site.get_arena_table("sorting", format="csv").startswith("method,")
    assert isinstance(site.get_arena_table("sorting", format="xlsx"), bytes)
    assert site.get_arena_table("sorting")["records"] and site.get_runs(arena="sorting")["count"] == 6

    for refused, status, said in ((lambda: site.get_paper(999), 404, ""),
                                  (lambda: site.get_papers(limit=1000), 422, "limit"),
                                  (lambda: site.post_runs(target="arena:sorting"), 401, "API token")):
        with pytest.raises(client.AssayError) as error:
            refused()
        assert error.value.status == status and said in error.value.detail
    mine = client.Assay(live_server.url, ApiToken.issue(user=admin_user, name="t", scopes=["run", "own", "read"])[1])
    queued = mine.post_runs(target="method:sorting/plain", seeds=[20, 21])
    assert len(queued["queued"]) == 2 and Run.objects.filter(requested_by=admin_user).count() == 2
    assert mine.get_run(queued["queued"][0])["state"] == "queued"
    assert mine.post_run_cancel(queued["queued"][0])["state"] == "cancelled"
    asked = mine.post_asks(target="arena:sorting", reason="why not")
    assert mine.post_ask_withdraw(asked["id"])["state"] == "withdrawn"
    with pytest.raises(client.AssayError, match="this needs import"):
        mine.post_digests(text="x")
