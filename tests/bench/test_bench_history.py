"""The history of measurements says how a figure stands to the last one on the same machine."""

import json
from pathlib import Path

import pytest

from bench import _history
from bench.__main__ import NAMED_ONLY
from bench._history import Figure, note, verdicts


@pytest.fixture
def file(tmp_path):
    return tmp_path / "bench" / "history.jsonl"


def test_a_slower_commit_shows(file, monkeypatch):
    monkeypatch.setattr(_history, "commit", lambda: "aaa1111")
    first = [Figure("service", 10.0, "ms"), Figure("texts", 100.0, "/s", more_is_better=True)]
    assert note("search", first, file) == {}
    monkeypatch.setattr(_history, "commit", lambda: "bbb2222")
    assert note("search", [Figure("service", 15.0, "ms"), Figure("texts", 50.0, "/s", more_is_better=True)], file) == {
        "service": "50% WORSE than at aaa1111", "texts": "50% WORSE than at aaa1111"}
    changes = note("search", [Figure("service", 14.0, "ms"), Figure("texts", 80.0, "/s", more_is_better=True)], file)
    assert changes == {"service": "as at bbb2222", "texts": "60% better than at bbb2222"}
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["figures"]["service"][:2] for row in rows] == [[10.0, "ms"], [15.0, "ms"], [14.0, "ms"]]
    assert all(row["machine"] == _history.machine() and row["at"] for row in rows)


def test_other_machines_and_other_measurements_are_not_compared(file, monkeypatch):
    note("search", [Figure("service", 10.0, "ms")], file)
    assert note("embedding", [Figure("service", 20.0, "ms")], file) == {}
    monkeypatch.setattr(_history, "machine", lambda: "another")
    assert note("search", [Figure("service", 20.0, "ms")], file) == {}
    monkeypatch.undo()
    assert "better" in note("search", [Figure("service", 5.0, "ms")], file)["service"]  # with the one of this machine


def test_says_which_goals_are_missed(file):
    figures = [Figure("service", 10.0, "ms", 5), Figure("recall", 0.99, "", 0.98, more_is_better=True),
               Figure("map", 3.0, "s")]
    header, *lines = verdicts(figures, {"map": "as at aaa1111"})
    assert "MISSED" in lines[0] and " ok" in lines[1] and lines[2].endswith("as at aaa1111")
    assert [figure.reached for figure in figures] == [False, True, None]


def test_a_run_of_all_ends_with_a_table_of_what_has_a_goal(file):
    note("search", [Figure("service", 9.0, "ms", 5)], file)
    before = _history.size(file)
    assert _history.table(before, file) == []
    note("search", [Figure("service", 4.0, "ms", 5), Figure("page", 9.0, "ms")], file)
    note("index", [Figure("recall", 0.49, "", 0.98, more_is_better=True)], file)
    _, service, recall, _, told = _history.table(before, file)
    assert service.split()[:6] == ["search:", "service", "4.00", "ms", "<=", "5"] and "0.80  ok" in service
    assert "better than at" in service and "0.50  MISSED" in recall
    assert told == "1 of 2 goals reached"


def test_every_measurement_keeps_its_figures():
    folder = Path(_history.__file__).parent
    there = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")} - NAMED_ONLY
    assert {name for name in there if "note(" not in (folder / f"{name}.py").read_text()} == set()


def test_names_the_commit_and_what_was_changed_since():
    assert _history.commit().rstrip("+") and " " not in _history.commit()
