"""A runner's day: what was used, what waits, and when a request is too much."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from config.accounts.budget import allow, budget_of
from config.accounts.models import ApiToken
from evaluations.models import Run
from evaluations.runs.extensions import OverBudget
from evaluations.runs.services import request_runs
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db


@pytest.fixture
def method():
    """Its runs take 4.5 s on average: 2 to 7 s in six seeds."""
    method = make_method(make_arena(), "plain")
    add_runs(method, {"accuracy": draws(70), "error": draws(1)})
    return method


@pytest.fixture
def runner(admin_user):
    made = User.objects.create_user("ron")
    made.groups.add(Group.objects.get(name="runner"))
    allow(account=made, seconds=60, by=admin_user)
    return User.objects.get(pk=made.pk)


def test_what_waits_counts_as_expected_and_what_ended_as_it_was(method, runner):
    request_runs(methods=[method], seeds=range(6, 10), requested_by=runner)
    assert (budget_of(runner).used, budget_of(runner).waiting) == (0.0, 18.0)
    first, second, third, _ = Run.objects.filter(requested_by=runner).order_by("seed")
    Run.objects.filter(pk=first.pk).update(state=Run.DONE, seconds=7.5)
    Run.objects.filter(pk=second.pk).update(state=Run.FAILED, seconds=2.0)
    Run.objects.filter(pk=third.pk).update(state=Run.CANCELLED)
    budget = budget_of(runner)
    assert budget.used == 9.5 and budget.waiting == pytest.approx(34.5 / 7), "with the 7.5 s among the runs to go by"
    assert budget.sentence == "You have about 46 s of 60 s of processor time left today."
    Run.objects.filter(requested_by=runner).update(requested_at=timezone.now() - timedelta(days=1, hours=1))
    assert budget_of(runner).spent == 0.0, "a new day"


def test_a_request_beyond_the_day_is_refused_with_a_sentence_everywhere(method, runner):
    with pytest.raises(OverBudget, match="These 14 runs take about 63 s, and 60 s of today's"):
        request_runs(methods=[method], seeds=range(6, 20), requested_by=runner)
    assert not Run.objects.filter(requested_by=runner).exists(), "all or nothing"
    page = Client()
    page.force_login(runner)
    form = {"target": "method:sorting/plain", "seeds": "30"}
    said = page.post("/runs/request/", form, headers={"HX-Request": "true"}).content.decode()
    assert "of processor time are left" in said and not Run.objects.filter(requested_by=runner).exists()
    _, token = ApiToken.issue(user=runner, name="t")
    answer = page.post("/api/v1/runs", json.dumps(form), content_type="application/json",
                       headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 409 and "Ask for fewer seeds" in answer.json()["detail"]
    request_runs(methods=[method], seeds=range(6, 19), requested_by=runner)  # 58.5 s
    with pytest.raises(OverBudget, match="This run takes about 4 s, and 2 s of today's 60 s"):
        request_runs(methods=[method], seeds=[50], requested_by=runner)
    request_runs(methods=[method], seeds=range(6), requested_by=runner)  # measured already: costs nothing


def test_who_leads_has_no_limit_and_a_runner_without_an_own_one_has_everybodys(method, runner, admin_user, settings):
    settings.RUNNER_SECONDS_A_DAY = 10
    request_runs(methods=[method], seeds=range(6, 206), requested_by=admin_user)
    assert budget_of(admin_user).limit is None
    allow(account=runner, seconds=None, by=admin_user)
    runner = User.objects.get(pk=runner.pk)
    assert budget_of(runner).limit == 10
    allow(account=runner, seconds=0, by=admin_user)
    with pytest.raises(OverBudget, match="are spent"):
        request_runs(methods=[method], seeds=[300], requested_by=runner)
    runner.groups.add(Group.objects.get(name="admin"))
    assert budget_of(User.objects.get(pk=runner.pk)).limit is None


def test_the_day_is_shown_before_a_request_and_on_the_account_page(method, runner):
    page = Client()
    page.force_login(runner)
    for address in ("/account/", "/methods/sorting/plain/", "/arenas/sorting/"):
        said = page.get(address).content.decode()
        assert "You have about 60 s of 60 s of processor time left today." in said, address
