"""Replays: executed for real, compared metric by metric, and never counted."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from config.accounts.models import ApiToken
from evaluations.claims.verdicts import update_verdicts
from evaluations.models import Run, Score, Verdict
from evaluations.runs import replays, services
from evaluations.runs.results import dump_results
from evaluations.runs.selectors import newest_results
from evaluations.tables.build import build_table
from evaluations.tables.summaries import arena_cards
from methods.kit.engine.execute import execute
from methods.mirror import sync_methods
from methods.models import Method
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def runner(client, django_user_model):
    user = django_user_model.objects.create_user("runner")
    user.user_permissions.add(Permission.objects.get(codename="add_run"))
    client.force_login(user)
    return client


def carry_out(run: Run) -> Run:
    """What a worker does, in this process: claim, execute, record."""
    claimed = services.claim_run(pk=run.pk, worker="test")
    outcome = execute(run.method.arena_id, run.method.slug, params=run.params, setting=run.setting, scale=run.scale,
                      seed=run.seed).as_dict()
    assert services.adopt_code(claimed, digest=outcome["code_digest"]) == ""
    assert services.record_outcome(claimed, outcome=outcome, log="")
    return Run.objects.get(pk=run.pk)


@pytest.fixture
def measured():
    """A smoke run of a real method, carried out."""
    sync_methods()
    adam = Method.objects.select_related("arena").get(arena="optimizers", slug="adam")
    report = services.request_runs(methods=[adam], scale="smoke", seeds=[3], params={"lr": 0.01})
    return carry_out(Run.objects.get(pk=report.queued[0]))


def test_a_real_run_comes_back_bit_for_bit(measured, runner):
    answer = runner.post(f"/runs/{measured.pk}/replay/", follow=True)
    assert "The replay is under way." in text(answer)
    again = carry_out(measured.replays.get())
    assert (again.seed, again.params, again.code_digest) == (3, {"lr": 0.01}, measured.code_digest)
    found = replays.comparison_of(again)
    assert found.outcome == replays.EQUAL and len(found.metrics) == len(measured.method.arena.metrics)
    assert found.changed == [] and found.unrecorded == [], "this machine writes everything down"
    for page in (f"/runs/{again.pk}/", f"/runs/{measured.pk}/"):
        shown = text(runner.get(page))
        assert "bit-equal" in shown and "came back bit for bit" in shown
        assert repr(measured.scores.first().value) in shown


def test_a_replay_of_a_replay_repeats_the_first_run(measured, runner):
    first = replays.request_replay(run=measured)
    carry_out(first)
    second = replays.request_replay(run=Run.objects.select_related("replay_of").get(pk=first.pk))
    assert second.replay_of_id == measured.pk


def test_changed_code_is_said_before_starting_and_after(measured, runner):
    Method.objects.filter(pk=measured.method_id).update(code_digest="f" * 64)
    Run.objects.filter(pk=measured.pk).update(code_digest="e" * 64)
    shown = text(runner.get(f"/runs/{measured.pk}/"))
    assert "cannot say whether the number comes back" in shown and "Measure with the present code" in shown
    assert "eeeeeeeeee" in shown and "ffffffffff" in shown
    again = replays.request_replay(run=Run.objects.select_related("method__arena").get(pk=measured.pk))
    Method.objects.filter(pk=measured.method_id).update(code_digest=measured.code_digest)
    again = carry_out(Run.objects.get(pk=again.pk))
    assert replays.comparison_of(again).outcome == replays.OTHER_CODE
    assert "not the same measurement and decides nothing" in text(runner.get(f"/runs/{again.pk}/"))


@pytest.fixture
def arena():
    arena = make_arena()
    add_runs(make_method(arena, "plain"), {"accuracy": [50, 51, 52, 53], "error": [1, 2, 3, 4]})
    add_runs(make_method(arena, "good"), {"accuracy": draws(70, 4), "error": draws(1, 4)})
    return arena


def replayed(arena, **scores) -> Run:
    """A finished replay of the baseline's seed 0 with these scores."""
    first = Run.objects.get(method__slug="plain", seed=0, replay_of=None)
    again = Run.objects.create(
        method=first.method, seed=0, state=Run.DONE, code_digest=first.code_digest, replay_of=first, device="cpu",
        environment={"processor": "Slide rule", "python": "3.13"}, seconds=1.0, peak_memory_mb=1.0,
        finished_at=first.finished_at)
    Score.objects.bulk_create(Score(run=again, metric=name, value=value) for name, value in scores.items())
    return again


@pytest.mark.parametrize(("accuracy", "outcome"), [
    (50, replays.EQUAL), (50 + 1e-5, replays.CLOSE), (50.12, replays.CLOSE), (50.14, replays.DIFFERENT)])
def test_the_tolerance_is_a_tenth_of_the_spread_over_seeds(arena, accuracy, outcome):
    # the standard deviation of 50, 51, 52, 53 is 1.290994
    found = replays.comparison_of(replayed(arena, accuracy=accuracy, error=1))
    assert found.outcome == outcome
    assert found.metrics[0].tolerance == pytest.approx(0.1290994)


def test_without_spread_only_rounding_is_tolerated(arena):
    Run.objects.filter(method__slug="plain", seed__gt=1).delete()
    assert replays.comparison_of(replayed(arena, accuracy=50 + 4e-5, error=1)).outcome == replays.CLOSE
    Run.objects.exclude(replay_of=None).delete()
    assert replays.comparison_of(replayed(arena, accuracy=50 + 6e-5, error=1)).outcome == replays.DIFFERENT


def test_a_metric_that_is_gone_did_not_come_back(arena):
    found = replays.comparison_of(replayed(arena, accuracy=50))
    assert found.outcome == replays.DIFFERENT and found.metrics[1].now is None


def test_the_environment_is_compared_and_gaps_are_named(arena, client):
    again = replayed(arena, accuracy=50, error=1)
    found = replays.comparison_of(again)
    assert [(f.name, f.then, f.now) for f in found.changed] == [("processor", "Abacus 3000", "Slide rule")]
    gaps = {fact.name: (fact.then, fact.now) for fact in found.unrecorded}
    assert gaps["python"] == ("", "3.13") and gaps["torch"] == ("", "") and gaps["threads"] == ("", "")
    shown = text(client.get(f"/runs/{again.pk}/"))
    assert "Not written down: python (first run), torch (both runs)" in shown


def test_replays_never_count(arena):
    def everything():
        update_verdicts(arena=arena)
        table = build_table(arena, differences=True)
        return (table.digest, table.facts, arena_cards()[0], newest_results(), dump_results(arena.slug),
                list(Verdict.objects.values_list("basis", flat=True)))
    before = everything()
    replayed(arena, accuracy=1e6, error=-1e6)
    assert everything() == before


def test_a_replay_goes_with_its_run(arena):
    again = replayed(arena, accuracy=1e6, error=0)
    Run.objects.get(pk=again.replay_of_id).delete()
    assert not Run.objects.filter(pk=again.pk).exists(), "left alone, it would count as a run of its own"


def test_the_button_needs_its_token(arena, runner, django_user_model):
    run = Run.objects.get(method__slug="plain", seed=0)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(django_user_model.objects.get())
    assert strict.post(f"/runs/{run.pk}/replay/").status_code == 403 and not run.replays.exists()


def test_only_finished_runs_are_replayed(arena):
    run = Run.objects.create(method=arena.methods.get(slug="plain"), seed=9, code_digest="x", state=Run.FAILED)
    with pytest.raises(ValueError, match="only a finished run can be replayed"):
        replays.request_replay(run=run)


def test_the_api(arena, client, django_user_model):
    run = Run.objects.get(method__slug="plain", seed=0)
    user = django_user_model.objects.create_user("ada")
    _, token = ApiToken.issue(user=user, name="test")
    headers = {"authorization": f"Bearer {token}"}
    assert client.post(f"/api/runs/{run.pk}/replay").status_code == 401
    assert client.post(f"/api/runs/{run.pk}/replay", headers=headers).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="add_run"))
    answer = client.post(f"/api/runs/{run.pk}/replay", headers=headers)
    assert answer.status_code == 202
    assert answer.json() == {"run": run.replays.get().pk, "replay_of": run.pk, "code_changed": False, "caution": ""}
    Run.objects.filter(replay_of=run).delete()
    again = replayed(arena, accuracy=50, error=1)
    record = client.get(f"/api/runs/{again.pk}").json()["comparison"]
    assert record["outcome"] == "bit-equal" and record["same_scores"] is True
    assert record["metrics"][0] | {"tolerance": 0} == {"name": "accuracy", "then": 50, "now": 50, "difference": 0,
                                                       "tolerance": 0, "outcome": "bit-equal"}
    assert client.get(f"/api/runs/{run.pk}").json()["replays"] == [record]
    Run.objects.filter(pk=run.pk).update(state=Run.CANCELLED)
    assert client.post(f"/api/runs/{run.pk}/replay", headers=headers).status_code == 409
