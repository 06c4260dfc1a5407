"""Results leave as a file and come back the same, once."""

import json

import pytest
from django.utils import timezone

from evaluations.models import Run, Score
from evaluations.runs.results import dump_results, load_results
from methods.mirror import sync_methods
from methods.models import Method


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
