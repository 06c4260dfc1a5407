"""Imports beside other writers, on SQLite and on PostgreSQL: nothing doubled, nothing half stored, nobody kept out."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.papers import import_scenario
from tests.services import postgres

N = import_scenario.PAPERS


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def done(request, tmp_path_factory):
    with contextlib.ExitStack() as stack:
        url = {"DATABASE_URL": stack.enter_context(postgres())} if request.param == "postgresql" else {}
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        run = subprocess.run(
            [sys.executable, import_scenario.__file__], capture_output=True, text=True, timeout=240,
            cwd=Path(import_scenario.__file__).resolve().parents[2],
            env={**environment, **url, "DATA_DIR": str(tmp_path_factory.mktemp("data")),
                 "PYTHONPATH": os.pathsep.join([".", *filter(None, [os.environ.get("PYTHONPATH")])]),
                 "DJANGO_SETTINGS_MODULE": "config.settings"})
    assert run.returncode == 0, run.stderr
    return {"vendor": request.param, **json.loads(run.stdout.splitlines()[-1])}


def test_imports_at_once_double_nothing(done):
    found = done["at once"]
    assert found["ended"] == [0, 0, 0]
    assert (found["papers"], found["texts"], found["places"], found["unfinished"]) == (N * 3 // 2, N * 3 // 2, 2 * N, 0)
    assert sum(counts["new"] for counts in found["counts"]) == N * 3 // 2
    assert found["bodies"] == N, "the longer abstract wins whoever comes first"


def test_a_killed_import_is_whole_and_goes_on(done):
    found = done["killed"]
    before, after = found["before"], found["after"]
    stored = before["papers"] - N * 3 // 2
    assert found["ended"] == -signal.SIGKILL and (found["state"], found["listed"]) == ("importing", N)
    assert stored == 2 * 25 == before["texts"] - N * 3 // 2 == before["places"] - 2 * N
    assert (found["counts"]["new"], found["counts"]["known"]) == (N - stored, stored)
    assert (after["papers"], after["texts"], after["places"], after["unfinished"]) == (
        N * 5 // 2, N * 5 // 2, 3 * N, 0)


def test_a_preview_writes_nothing_and_waits_for_nobody(done):
    found = done["beside a writer"]
    assert found["known"]
    assert [(counts["new"], counts["merged"]) for counts in found["counts"][1:]] == [(N, 0), (200, 100)]


def test_others_get_their_turn_between_the_steps(done):
    if done["vendor"] != "sqlite":
        pytest.skip("readers and writers of other rows do not wait there")
    found = done["turns"]
    assert found["removed"] == N and found["papers"] == N * 5 // 2
    for waits in (found["removing"], found["importing"]):  # a dozen steps each
        assert 0 < waits["longest"] < waits["held"] / 2
