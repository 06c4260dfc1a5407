"""Results leave as a file and come back the same, once."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from evaluations.management.commands import load_results as load_results_command
from evaluations.models import Run, Score
from evaluations.runs.results import dump_results, load_results
from methods.mirror import sync_methods
from methods.models import BrokenFile, Method


@pytest.fixture
def measured(db):
    sync_methods()
    for method in Method.objects.filter(arena="optimizers", slug__in=["sgd", "adam"]):
        for seed in range(3):
            run = Run.objects.create(
                method=method, seed=seed, state="done", code_digest=method.run_digest("default", "full"),
                seconds=1.23456,
                peak_memory_mb=300.5, device="cpu", counts={"gradients": 32}, environment={"python": "3", "cores": "2"},
                finished_at=timezone.now())
            Score.objects.bulk_create(Score(run=run, metric=metric["name"], value=seed + 0.1)
                                      for metric in method.arena.metrics)
    Run.objects.create(method=method, seed=9, state="done", code_digest="older", seconds=1, peak_memory_mb=1,
                       finished_at=timezone.now())
    return dump_results("optimizers")


def test_a_file_holds_present_runs_only_and_one_environment(measured):
    found = json.loads(measured)
    assert len(found["runs"]) == 6 and len(found["environments"]) == 1
    assert {run["seed"] for run in found["runs"]} == {0, 1, 2}


def test_loading_restores_scores_and_says_where_they_come_from(measured):
    Run.objects.all().delete()
    first, again = (load_results(measured, name="optimizers.json") for _ in range(2))
    assert (first.added, first.skipped, again.added, again.skipped) == (6, 0, 0, 6)
    run = Run.objects.get(method__slug="adam", seed=2)
    assert run.state == "done" and not run.stale and "optimizers.json" in run.cause
    assert {score.value for score in run.scores.all()} == {2.1}
    assert dump_results("optimizers") == measured


def test_a_loaded_score_is_stale_when_the_code_has_changed(measured):
    Run.objects.all().delete()
    Method.objects.filter(slug="adam", arena="optimizers").update(digests={})
    load_results(measured, name="optimizers.json")
    assert all(run.stale for run in Run.objects.filter(method__slug="adam"))


@pytest.mark.parametrize("text,reason", [("{", "not a results file"), ('{"arena": "optimizers"}', "not a results file"),
                                         ('{"arena": "nowhere", "environments": [], "runs": []}', "no arena nowhere")])
def test_a_bad_file_is_named(measured, text, reason):
    with pytest.raises(ValueError, match=f"bad.json: .*{reason}"):
        load_results(text, name="bad.json")


def _row(measured: str, **changes) -> str:
    """The file with its third line, the second run, changed."""
    lines = measured.split("\n")
    lines[2] = json.dumps({**json.loads(lines[2].removesuffix(",")), **changes}) + ","
    return "\n".join(lines)


@pytest.mark.parametrize(("changes", "reason"), [
    ({"seed": "three"}, "run 2: seed: “three” value must be an integer"), ({"finished_at": None}, "run 2: "),
    ({"scores": {"loss": "low"}}, "run 2: could not convert"), ({"scores": {"loss": float("nan")}}, "must be finite"),
    ({"environment": 7}, "run 2: list index out of range"), ({"setting": "s" * 99}, "run 2: setting: Ensure"),
    ({"params": []}, "run 2: "), ({"method": ["adam"]}, "run 2: ")])
def test_a_damaged_run_is_named_and_the_others_are_loaded(measured, changes, reason):
    Run.objects.all().delete()
    report = load_results(_row(measured, **changes), name="optimizers.json")
    assert (report.added, report.skipped, len(report.rejects)) == (5, 0, 1) and reason in report.rejects[0], report
    again = load_results(measured, name="optimizers.json")
    assert (again.added, again.rejects) == (1, ())


def test_of_a_file_that_was_cut_off_what_is_whole_is_loaded(measured):
    Run.objects.all().delete()
    report = load_results(measured[:measured.rindex('"scores"')], name="optimizers.json")
    assert report.added == 5 and "line 7: " in report.rejects[0] and "the end of the file" in report.rejects[1]


def test_a_damaged_shipped_file_stops_no_start(measured, tmp_path, monkeypatch, settings, capsys):
    settings.BASE_DIR = tmp_path
    shipped = tmp_path / "evaluations" / "shipped"
    shipped.mkdir(parents=True)
    monkeypatch.setattr(load_results_command, "SHIPPED", shipped)
    monkeypatch.setattr(load_results_command, "update_verdicts", lambda **_: None)  # of no interest here
    Run.objects.all().delete()
    (shipped / "a.json").write_bytes(b"\xff")
    (shipped / "b.json").write_text(_row(measured, seed=-1))
    (shipped / "c.json").write_text(measured.replace('"seed": 0', '"seed": 7'))
    call_command("load_results")
    assert Run.objects.count() == 8, "five of b, two more of c and the one that is damaged in b"
    said = capsys.readouterr()
    assert "c.json: 3 runs loaded" in said.out and "a.json: " in said.err and "b.json: run 2: seed" in said.err
    assert [file.path for file in BrokenFile.objects.all()] == [
        "evaluations/shipped/a.json", "evaluations/shipped/b.json"]
    with pytest.raises(CommandError, match="2 of 2 files"):
        call_command("load_results", str(shipped / "a.json"), str(shipped / "b.json"))
    for name in ("a.json", "b.json"):
        (shipped / name).write_text(measured)
    call_command("load_results")
    assert not BrokenFile.objects.exists()
