"""Agents: the official MCP client talks to this server, over HTTP and over standard input and output."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import anyio
import httpx2
import pytest
from django.test import Client
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from config.accounts.models import ApiToken
from config.mcp import tools
from evaluations.models import Claim, Run
from papers.models import Merge, Paper
from papers.services import import_digest, record_search_texts
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def library(db):
    """A paper, its method, runs and a claim."""
    arena = make_arena()
    plain, quick = make_method(arena, "plain"), make_method(arena, "quick", title="Quick", summary="Sorts.")
    for method, mean in ((plain, 70), (quick, 80)):
        add_runs(method, {"accuracy": draws(mean), "error": draws(1)})
    claim = Claim.objects.create(method=quick, position=0, kind="Beats", sentence="better accuracy", rival="plain",
                                 metric="accuracy", setting="default", terms=[])
    import_digest(name="a.jsonl", data=b'{"title": "Quick Sorting", "abstract": "Rows are sorted by guessing."}')
    paper = Paper.objects.get()
    record_search_texts([("paper", str(paper.pk), paper.title, paper.abstract)])
    return paper, claim


def call(name: str, arguments: dict | None = None, token: str = "", **headers):
    """The text a tool answers, and whether it was refused."""
    if token:
        headers["authorization"] = f"Bearer {token}"
    answer = send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": name, "arguments": arguments or {}}}, **headers)
    assert answer.status_code == 200, answer.content
    result = answer.json()["result"]
    return result["content"][0]["text"], result["isError"]


def send(message, **headers):
    body = message if isinstance(message, (str, bytes)) else json.dumps(message)
    return Client(enforce_csrf_checks=True).post("/mcp", body, content_type="application/json", headers=headers)


def test_every_tool_is_an_operation_whose_arguments_are_described():
    for described in tools.described():
        schema = described["inputSchema"]
        assert set(schema["properties"]) == set(tools.TOOLS[described["name"]].arguments)
        assert set(schema["required"]) <= set(schema["properties"]) and described["description"].endswith(".")
        assert described["annotations"]["readOnlyHint"] is (tools.TOOLS[described["name"]].method == "get")
    assert not any("$ref" in json.dumps(described) for described in tools.described()), "whole in itself"


def test_an_agent_reads_papers_tables_and_claims(library):
    paper, claim = library
    assert "Quick Sorting" in call("search_papers", {"q": "guessing"})[0]
    assert json.loads(call("list_papers", {"limit": 1})[0])["items"][0]["title"] == "Quick Sorting"
    assert "sorted by guessing" in call("read_paper", {"paper_id": paper.pk})[0]
    assert json.loads(call("methods_of_paper", {"paper_id": paper.pk})[0]) == {"items": [], "count": 0}
    table, refused = call("arena_table", {"slug": "sorting", "metrics": "accuracy"})
    assert not refused and "| Quick" in table and "n" in table
    assert json.loads(call("ledger", {"arena": "sorting"})[0])["count"] == 1
    assert "accuracy" in call("read_claim", {"pk": claim.pk})[0]
    assert "Sorts." in call("read_method", {"arena": "sorting", "slug": "quick"})[0]
    assert json.loads(call("run_state", {"pk": Run.objects.first().pk})[0])["state"] == "done"
    assert call("read_paper", {"paper_id": 999})[1]


def test_a_paper_that_is_part_of_another_is_read_there(library):
    paper, _ = library
    Merge.objects.create(kept=paper.pk, dropped=77, title="Old", reason="x", undo={})
    assert json.loads(call("read_paper", {"paper_id": 77})[0])["id"] == paper.pk


def test_runs_take_a_token_with_the_scope(library, admin_user):
    wish = {"target": "method:sorting/quick", "seeds": "20-21"}
    text, refused = call("request_runs", wish)
    assert refused and "Writing needs an API token" in text
    _, reading = ApiToken.issue(user=admin_user, name="reader", scopes=["read"])
    text, refused = call("request_runs", wish, reading)
    assert refused and "this needs run" in text and not Run.objects.filter(seed=20).exists()
    _, running = ApiToken.issue(user=admin_user, name="agent", scopes=["run", "own"])
    text, refused = call("request_runs", wish, running)
    queued = json.loads(text)["queued"]
    assert not refused and len(queued) == 2
    assert json.loads(call("run_state", {"pk": queued[0]})[0])["state"] == "queued"
    assert json.loads(call("ask_for_runs", {"target": "arena:sorting"}, running)[0])["state"] == "open"
    text, refused = call("list_papers", {}, "assay_nonsense")
    assert refused and "unknown" in text


def test_a_browsers_session_writes_nothing_here(library, admin_client):
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "request_runs", "arguments": {"target": "method:sorting/quick", "seeds": "99-99"}}}
    answer = admin_client.post("/mcp", json.dumps(body), content_type="application/json").json()
    assert answer["result"]["isError"] and not Run.objects.filter(seed=99).exists()


def test_pages_of_other_sites_may_not_ask(library):
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert send(ping, origin="https://elsewhere.test").status_code == 403
    assert send(ping, origin="http://testserver").json() == {"jsonrpc": "2.0", "id": 1, "result": {}}


def test_answers_are_bounded(library):
    Paper.objects.update(abstract="word " * 20_000)
    Paper.objects.bulk_create(Paper(title=f"Paper {n}", title_key=f"paper {n}", abstract="word " * 900)
                              for n in range(60))
    text, _ = call("read_paper", {"paper_id": library[0].pk})
    assert "letters are left out" in text and len(text) < tools.LETTERS
    assert len(json.loads(call("list_papers")[0])["items"]) == tools.ROWS
    text, _ = call("list_papers", {"limit": 50})
    assert len(text) <= tools.LETTERS and len(json.loads(text)["items"]) == 50, "shorter texts, all rows"
    Paper.objects.update(authors=[f"Author {n} of Many" for n in range(40)])
    text, _ = call("list_papers", {"limit": 50})
    assert len(text) < tools.LETTERS + 200 and "ask for fewer rows" in text


@pytest.mark.parametrize(("message", "code", "said"), [
    ("{", -32700, "no JSON"), ("[" * 100_000, -32700, "no JSON"), ([], -32600, "one JSON-RPC 2.0 request"),
    ({"id": 1}, -32600, "one JSON-RPC"), ({"jsonrpc": "2.0", "id": 1, "method": "sing"}, -32601, "no method sing"),
    ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]}, -32602, "object"),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "rm"}}, -32602, "there is no tool rm"),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 5}}, -32602, "name of a tool"),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "ledger", "arguments": {"bogus": 1}}}, -32602, "takes no bogus"),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "list_papers", "arguments": {"limit": 1000}}}, -32602, "from 1 to 50"),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "read_paper"}}, -32602, "needs paper_id")])
def test_what_is_wrong_is_said(db, message, code, said):
    problem = send(message).json()["error"]
    assert problem["code"] == code and said in problem["message"]


def test_arguments_of_the_wrong_kind_are_refused_as_the_api_does(library):
    for name, arguments in (("read_paper", {"paper_id": "../runs"}), ("read_paper", {"paper_id": -1}),
                            ("list_papers", {"year": "x"}), ("read_method", {"arena": "..", "slug": "../admin"}),
                            ("arena_table", {"slug": "sorting", "setting": "a\0"})):
        text, refused = call(name, arguments)
        assert refused and json.loads(text)["detail"], name


def test_notifications_have_no_answer_and_nothing_is_streamed(db):
    assert (answer := send({"jsonrpc": "2.0", "method": "notifications/initialized"})).status_code == 202
    assert answer.content == b"" and Client().get("/mcp").status_code == 405


async def _talk(session: ClientSession) -> dict:
    greeting = await session.initialize()
    listed = await session.list_tools()
    found = await session.call_tool("list_arenas", {})
    refused = await session.call_tool("request_runs", {"target": "arena:sorting", "scale": "nowhere"})
    return {"server": greeting.server_info.name, "tools": {tool.name for tool in listed.tools},
            "arenas": found.content[0].text, "refused": refused.is_error}


@pytest.mark.django_db(transaction=True)
def test_the_official_client_talks_to_it_over_http(live_server, admin_user):
    make_method(make_arena(), "plain")
    _, token = ApiToken.issue(user=admin_user, name="agent")

    async def talk():
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http, streamable_http_client(
                f"{live_server.url}/mcp", http_client=http) as streams, ClientSession(*streams[:2]) as session:
            return await _talk(session)
    said = anyio.run(talk)
    assert said["server"] == "assay" and said["tools"] == set(tools.TOOLS) and "sorting" in said["arenas"]
    assert said["refused"] is False and ApiToken.objects.get().last_used_at, "the refusal stands in the report"


def test_the_official_client_talks_to_the_command(tmp_path):
    """A data folder of its own: the command is another process."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": ""}
    import subprocess
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    server = StdioServerParameters(command=sys.executable, args=["manage.py", "mcp"], cwd=ROOT, env=environment)

    async def talk():
        async with stdio_client(server) as streams, ClientSession(*streams[:2]) as session:
            return await _talk(session)
    said = anyio.run(talk)
    assert said["server"] == "assay" and said["tools"] == set(tools.TOOLS) and said["refused"] is True
