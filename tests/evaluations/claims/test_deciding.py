"""Seeds the site asks for by itself: the budget, the order, never twice, what a verdict says of its look."""

import json
from datetime import timedelta
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from evaluations.claims.deciding import ask_for_seeds, ask_within_the_day, askings, day_budget
from evaluations.claims.open_questions import open_questions
from evaluations.claims.verdicts import update_verdicts
from evaluations.models import Asked, Run, Score, Verdict, Worker
from evaluations.tasks import decide_open
from tests.evaluations.claims.test_verdicts import claim_beats, current
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db
NEAR = [0.9, -0.4, 1.6, 0.2, 1.4, -0.9, 1, -1, 1, 0.1]
LEVEL = [0.5, -0.5, 0.4, -0.4, 0.3, -0.3, 0.2, -0.2, 0.1, -0.1]


@pytest.fixture
def arena():
    """Two claims ten more seeds may decide, one slow; one decided; one hopeless. A run takes a second, or twenty."""
    arena, base = make_arena(), draws(50, 10, seed=1)
    add_runs(make_method(arena, "plain"), {"accuracy": base, "error": [1.0] * 10}, seconds=1.0)
    for slug, step, seconds in (("good", [9.0, 10, 11, 9, 10, 11, 9, 10, 11, 10], 1.0), ("near", NEAR, 1.0),
                                ("slow", NEAR, 20.0), ("same", LEVEL, 1.0)):
        method = make_method(arena, slug)
        add_runs(method, {"accuracy": np.add(base, step).tolist(), "error": [1.0] * 10}, seconds=seconds)
        claim_beats(method)
    update_verdicts(arena=arena)
    return arena


def finish(**where):
    """What a worker would record, with the claimant ahead by one."""
    for run in Run.objects.filter(state=Run.QUEUED, **where).select_related("method"):
        Run.objects.filter(pk=run.pk).update(state=Run.DONE, seconds=1.0, finished_at=timezone.now(),
                                             environment={"processor": "Abacus 3000"})
        luck = np.random.default_rng(run.seed).normal(0, 0.5)
        own = np.random.default_rng(run.pk).normal(0, 0.3)
        ahead = 0.0 if run.method.slug == "plain" else 1.0
        Score.objects.create(run=run, metric="accuracy", value=50 + luck + own + ahead)
        Score.objects.create(run=run, metric="error", value=1.0)


def test_the_most_telling_claim_comes_first_and_the_budget_holds(arena):
    [asked] = ask_for_seeds(seconds=60)
    assert (asked.claim.method.slug, asked.look, asked.seeds, asked.runs) == ("near", 20, list(range(10, 20)), 20)
    assert asked.seconds == pytest.approx(20) and 0.1 < asked.chance < 0.9
    queued = Run.objects.filter(state=Run.QUEUED)
    assert set(queued.values_list("method__slug", flat=True)) == {"plain", "near"} and queued.count() == 20
    assert ask_for_seeds(seconds=60) == [], "what waits is not asked again, and the slow one does not fit"
    [slow] = ask_for_seeds(seconds=1000)
    assert slow.claim.method.slug == "slow" and slow.runs == 10, "the rival's seeds are on their way already"


def test_a_few_minutes_are_asked_for_at_a_time(arena):
    assert [a.claim.method.slug for a in ask_for_seeds(seconds=10_000, ahead=5)] == ["near"]


def test_what_failed_or_was_cancelled_is_not_asked_again(arena):
    ask_for_seeds(seconds=60)
    Run.objects.filter(state=Run.QUEUED, method__slug="near", seed=12).update(state=Run.FAILED)
    finish()
    update_verdicts(arena=arena)
    assert ask_for_seeds(seconds=60) == []


def test_it_grows_look_by_look_until_it_is_decided_and_says_at_which(arena, client):
    claim = current(Verdict.objects.get(claim__method__slug="near").claim).claim
    for _ in range(3):
        if current(claim).status != "inconclusive":
            break
        ask_for_seeds(seconds=60)
        finish(seed__lt=15)
        before = current(claim)
        update_verdicts(arena=arena)
        assert current(claim).pk == before.pk, "seeds between two looks change nothing"
        finish()
        update_verdicts(arena=arena)
    verdict = current(claim)
    assert (verdict.status, verdict.n, verdict.look) == ("confirmed", 20, 2)
    assert Verdict.objects.get(claim__method__slug="good", current=True).look == 1
    add_runs(claim.method, {"accuracy": [None] * 20 + [0.0] * 10, "error": [None] * 20 + [1.0] * 10})
    add_runs(arena.methods.get(slug="plain"), {"accuracy": [None] * 20 + [50.0] * 10,
                                               "error": [None] * 20 + [1.0] * 10})
    update_verdicts(arena=arena)
    assert (current(claim).status, current(claim).n) == ("confirmed", 20), "what is decided stays decided"
    assert "near" not in {p.standing.claim.method.slug for p in open_questions().proposals}
    page = client.get(reverse("claim_detail", args=[claim.pk])).content.decode()
    assert "look 2 of 4" in page


def test_a_hopeless_claim_stops_and_says_so(arena, client):
    same = Verdict.objects.get(claim__method__slug="same", current=True)
    assert (same.status, same.seeds_needed) == ("inconclusive", None)
    assert [s.claim.method.slug for s in open_questions().out_of_reach] == ["same"]
    page = " ".join(client.get(reverse("claim_open")).content.decode().split())
    assert "All 40 seeds are used, or have less than a 20 % chance" in page


def test_fewer_than_ten_seeds_are_a_foretaste_that_is_completed(arena):
    early = make_method(arena, "early")
    add_runs(early, {"accuracy": draws(60, 5, seed=3), "error": [1.0] * 5}, seconds=1.0)
    claim = claim_beats(early)
    update_verdicts(arena=arena)
    assert (current(claim).status, current(claim).look) == ("confirmed", 0)
    [proposal] = [p for p in open_questions().proposals if p.standing.claim == claim]
    assert proposal.seeds == tuple(range(5, 10)) and proposal.missing == 5


def test_the_day_has_a_budget_that_is_off_until_it_is_set(arena, settings):
    Worker.objects.create(name="w", queues=["cpu"], seen_at=timezone.now())
    assert decide_open() == 0 and not Asked.objects.exists()
    settings.DECIDE_SECONDS = 30
    assert decide_open() == 1
    assert day_budget().spent == pytest.approx(20)
    assert ask_within_the_day() == [], "others' turn while runs wait"
    finish()
    assert day_budget().spent == pytest.approx(20) and day_budget().left == pytest.approx(10)
    update_verdicts(arena=arena)
    assert ask_within_the_day() == []
    Asked.objects.update(asked_at=timezone.now() - timedelta(days=1))
    assert day_budget().left == 30
    Worker.objects.all().delete()
    assert ask_within_the_day() == [], "nobody would run them"


def test_page_and_api_tell_what_was_asked_and_why(arena, client, settings):
    page = " ".join(client.get(reverse("claim_open")).content.decode().split())
    assert "its budget is zero" in page
    settings.DECIDE_SECONDS = 3600
    ask_for_seeds(seconds=60)
    page = " ".join(client.get(reverse("claim_open")).content.decode().split())
    assert "to be looked at with 20 seeds (look 2 of 4)" in page and "20 queued" in page
    assert "It may spend 60 min of processor time a day" in page
    [asking] = askings(arena=arena)
    [item] = client.get("/api/ledger/asked").json()["items"]
    assert item["why"] == asking.why and item["states"] == {"queued": 20}
    Run.objects.all().delete()
    assert askings()[0].outcome == "its runs are gone"


def test_the_command_asks_at_once_and_says_what_for(arena):
    out = StringIO()
    call_command("decide", "sorting", "--budget", "60", stdout=out)
    assert "Near: better accuracy than plain: 20 runs, about 20 s" in out.getvalue() or "20 runs" in out.getvalue()
    assert "1 claims, 20 runs, 20 s of 60 s" in out.getvalue() and "No worker listens" in out.getvalue()
    out = StringIO()
    call_command("decide", "--budget", "60", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"asked": [], "newly_decided": 0}
    with pytest.raises(CommandError, match="no arena juggling"):
        call_command("decide", "juggling", "--budget", "60")
    with pytest.raises(CommandError, match="above 0"):
        call_command("decide", "--budget", "0")


def test_the_command_waits_and_goes_on_while_the_budget_lasts(arena, monkeypatch):
    def worked(pks, say):
        finish(pk__in=pks)
        return {}

    monkeypatch.setattr("evaluations.management.commands.decide.follow", worked)
    out = StringIO()
    call_command("decide", "--budget", "500", "--wait", stdout=out)
    assert "2 more claims are decided" in out.getvalue() and not Run.objects.filter(state=Run.QUEUED).exists()
