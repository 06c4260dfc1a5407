"""The examples of docs/api.md, run against a running site."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.accounts.models import ApiToken
from config.accounts.roles import ROLES, SCOPES
from config.mcp.tools import TOOLS
from evaluations.models import Claim, Run
from papers.services import import_digest, record_search_texts
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

DOCS = Path(__file__).resolve().parents[2] / "docs"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / "api.md").read_text(), re.S)


@pytest.fixture
def site(transactional_db, live_server, admin_user):
    """What the examples ask about, and where and as whom they ask."""
    arena = make_arena()
    quick = make_method(arena, "quick")
    for method in (make_method(arena, "plain"), quick):
        add_runs(method, {"accuracy": draws(70), "error": draws(1)})
    Claim.objects.create(method=quick, position=0, kind="Beats", sentence="better", rival="plain", metric="accuracy",
                         setting="default", terms=[])
    import_digest(name="a.jsonl", data=b'{"title": "Quick Sorting", "abstract": "Rows."}')
    record_search_texts([("method", quick.key, "Quick sorting", "")])
    return {**os.environ, "SITE": live_server.url,
            "TOKEN": ApiToken.issue(user=admin_user, name="docs", scopes=["run", "read", "own"])[1]}


def test_the_examples_run_as_they_stand(site, tmp_path):
    shell = blocks("sh")
    assert len(shell) == 4 and len(blocks("python")) == 1
    said = []
    for script in shell:
        done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=site, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert '"Quick Sorting"' in said[0] and "\nquick," in said[0].lower() and '"queued": [' in said[0]
    assert "Quick" in json.loads(said[3])["result"]["content"][0]["text"]
    script = "import os\nSITE, TOKEN = os.environ['SITE'], os.environ['TOKEN']\n" + blocks("python")[0]
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=site, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert "0 queued" in done.stdout, "curl was first"
    assert "404" in done.stdout and Run.objects.filter(seed__gte=20).count() == 3
    [config, command] = [json.loads(block)["mcpServers"]["assay"] for block in blocks("json")]
    assert config["url"].endswith("/mcp") and command["args"] == ["manage.py", "mcp"]


def test_the_pages_name_every_tool_role_and_scope_there_is():
    api, accounts = (DOCS / "api.md").read_text(), (DOCS / "accounts.md").read_text()
    rows = re.findall(r"^\| (`.*?) \|", api, re.M)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(TOOLS)
    first = re.findall(r"^\| (\w+) \|", accounts, re.M)
    assert set(first) - {"role", "scope", "variable"} == {*ROLES, *SCOPES}
