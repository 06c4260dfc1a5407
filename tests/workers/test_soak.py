"""The short form of `make soak`: half a minute of faults, and nothing is lost, doubled or stuck."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.xdist_group("supervisor")


def test_nothing_is_lost_doubled_or_stuck_while_parts_fail(project, prepared_database):
    for results in (project / "evaluations" / "shipped").glob("*.json*"):
        results.unlink()  # of arenas that this copy has not
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--on", "sqlite", "--minutes", "0.4", "--runs", "30", "--imports", "1",
         "--seed", "7", "--project", str(project), "--database", str(prepared_database)],
        capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "faults hit" in done.stdout and "\n   lost            0\n" in done.stdout
