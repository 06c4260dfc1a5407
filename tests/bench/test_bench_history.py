"""The history of measurements says how a figure stands to the last one on the same machine."""

import json

import pytest

from bench import _history
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
    assert [row["figures"]["service"] for row in rows] == [[10.0, "ms"], [15.0, "ms"], [14.0, "ms"]]
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


def test_names_the_commit_and_what_was_changed_since():
    assert _history.commit().rstrip("+") and " " not in _history.commit()
