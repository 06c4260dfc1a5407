"""Open questions: what is proposed, how it is ranked, and that the button queues exactly those runs."""

import math

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import caches
from django.urls import reverse

from evaluations.claims.expectations import chance_at, entropy, probability
from evaluations.claims.open_questions import (
    RunTimes,
    arena_estimate,
    duration,
    open_questions,
    proposals,
    request_estimate,
)
from evaluations.claims.verdicts import claim_list, update_verdicts
from evaluations.models import Claim, Run, Verdict
from evaluations.runs.requests import find_target, parse_seeds
from methods.models import Method
from tests.evaluations.claims.test_verdicts import claim_beats, claim_cheaper
from tests.evaluations.counting import fetched
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db


@pytest.fixture
def arena():
    """A rival of ten seeds; one claim decided, one that ten more seeds may decide, one hopeless, one never run."""
    arena = make_arena()
    base = draws(50, 10, seed=1)
    add_runs(make_method(arena, "plain"), {"accuracy": base, "error": [1.0] * 10})
    steps = {"good": [9.0, 9.5, 10, 10.5, 11, 11.5, 9, 10, 11, 12],
             "close": [0.9, -0.4, 1.6, 0.2, 1.4, -0.9, 1, -1, 1, 0],
             "same": [0.5, -0.5, 0.4, -0.4, 0.3, -0.3, 0.2, -0.2, 0.1, -0.1]}
    for slug, step in steps.items():
        method = make_method(arena, slug)
        add_runs(method, {"accuracy": [b + s for b, s in zip(base, step, strict=True)], "error": [1.0] * 10})
        claim_beats(method)
    claim_beats(make_method(arena, "idle"))
    update_verdicts(arena=arena)
    return arena


def of(arena, slug):
    return next(p for p in open_questions(arena=arena).proposals if p.standing.claim.method.slug == slug)


def test_what_is_open_and_what_no_button_can_decide(arena):
    found = open_questions()
    assert {p.standing.claim.method.slug for p in found.proposals} == {"close", "idle"}
    assert [s.claim.method.slug for s in found.out_of_reach] == ["same"]
    close = of(arena, "close")
    assert close.standing.verdict.seeds_needed >= 10 and found.out_of_reach[0].verdict.seeds_needed is None
    assert close.seeds == tuple(range(10, 20)) and close.missing == 2 * 10  # up to the next look
    assert close.seeds_text == "10-19" and parse_seeds(close.seeds_text) == list(close.seeds)
    idle = of(arena, "idle")
    assert idle.seeds == tuple(range(10)) and idle.missing == 10  # the rival has all ten


def test_the_number_behind_the_order_is_what_the_page_says(arena):
    """Chance of a decision × entropy of the claim ÷ seconds still to compute, worked by hand."""
    close = of(arena, "close")
    mean = sum(range(2, 12)) / 10  # seconds of the fixture's runs
    assert close.seconds == pytest.approx(mean * close.missing)
    p = probability(close.standing.verdict)
    assert 0.8 < p < 0.99
    chance = chance_at(close.standing.verdict, 20)
    assert 0.1 < chance < 0.8 and close.information == pytest.approx(
        chance * (-p * math.log2(p) - (1 - p) * math.log2(1 - p)))
    assert close.rate == pytest.approx(close.information / close.seconds)
    idle = of(arena, "idle")
    assert idle.chance == pytest.approx((1 + 1) / (3 + 2))  # one of three measured claims is decided
    assert idle.entropy == pytest.approx(entropy((1 + 1) / (1 + 2)))
    rates = [p.rate for p in open_questions().proposals]
    assert rates == sorted(rates, reverse=True) and all(rates)


def test_a_slower_method_comes_later_and_a_surer_one_tells_less(arena):
    before = [p.standing.claim.method.slug for p in open_questions().proposals]
    first = before[0]
    Run.objects.filter(method__slug=first).update(seconds=5000.0)
    if first == "idle":  # nothing recorded: its time is the arena's mean
        Run.objects.filter(method__slug="good").update(seconds=50000.0)
    caches["kept"].clear()  # the time of a run that is done never changes but here
    assert [p.standing.claim.method.slug for p in open_questions().proposals] == before[::-1]
    assert entropy(0.5) == 1 and entropy(0.99) < entropy(0.9) < entropy(0.6)


def test_probability_of_a_claim_with_two_halves_is_that_of_both():
    half = {"difference": 1.0, "low": 0.0, "high": 2.0, "n": 10}
    alone = probability(Verdict(**half))
    assert alone == pytest.approx(0.975)  # zero is the interval's end
    assert probability(Verdict(**half, cost=half)) == pytest.approx(0.975 ** 2)
    assert probability(Verdict(difference=2.0, low=2.0, high=2.0, n=5)) == pytest.approx(1 - 1 / 32)
    assert probability(Verdict(difference=0.0, low=0.0, high=0.0, n=5)) == 0.5


def test_times_fall_back_from_setting_to_method_to_arena_to_limit(arena):
    methods = {m.slug: m for m in Method.objects.select_related("arena")}
    Run.objects.filter(method=methods["good"]).update(seconds=11.0)
    add_runs(methods["good"], {"accuracy": [1.0], "error": [1.0]}, setting="harsh", seconds=99.0, origin="elsewhere")
    times = RunTimes(methods.values(), "full")
    assert times.of(methods["good"], "harsh") == (99.0, False) and times.of(methods["close"], "harsh") == (6.5, False)
    seconds, rough = times.of(methods["idle"], "default")
    assert rough and seconds == pytest.approx((11 + 3 * 6.5) / 4)
    assert RunTimes([], "full").of(methods["idle"], "default") == (60.0, True)
    add_runs(methods["good"], {"accuracy": [None, 1.0], "error": [None, 1.0]}, setting="harsh", seconds=5.0)
    assert RunTimes(methods.values(), "full").of(methods["good"], "harsh") == (5.0, False)  # this machine's own


def test_older_code_is_asked_for_again_and_vanished_rivals_are_not(arena):
    Method.objects.filter(slug="good").update(code_digest="new")
    update_verdicts(arena=arena)
    assert of(arena, "good").missing == 10
    Method.objects.filter(slug="plain").update(present=False)
    found = open_questions()
    assert not found.proposals and len(found.out_of_reach) == 4


def test_queries_do_not_grow_with_the_claims(arena, django_assert_num_queries):
    with django_assert_num_queries(16):
        open_questions()
    for position in range(1, 9):
        claim_beats(Method.objects.get(slug="idle"), metric="error", sign=-1.0, position=position)
    with django_assert_num_queries(16):
        assert len(open_questions().proposals) == 10
    with django_assert_num_queries(6):  # nothing has changed: the ranking is kept
        assert len(open_questions().proposals) == 10
    with django_assert_num_queries(6 + 4), fetched(Claim) as claims:  # and a page fetches its own rows alone
        assert len(open_questions().proposals[2:5]) == 3
    assert len(claims) == 3
    assert proposals([s for s in claim_list() if s.status == "confirmed"]) == {}


@pytest.fixture
def runner(client, django_user_model):
    user = django_user_model.objects.create_user("runner")
    user.user_permissions.add(Permission.objects.get(codename="add_run"))
    client.force_login(user)
    return client


def test_the_button_queues_exactly_the_runs_it_names(arena, runner):
    close = of(arena, "close")
    page = runner.get(reverse("claim_open")).content.decode()
    assert f'name="target" value="{close.target}"' in page and f'name="seeds" value="{close.seeds_text}"' in page
    answer = runner.post(reverse("run_request"), {"target": close.target, "seeds": close.seeds_text, "scale": "full"})
    assert answer.status_code == 302
    queued = Run.objects.filter(state="queued")
    assert sorted(queued.values_list("method__slug", "setting", "seed")) == sorted(
        (slug, "default", seed) for slug in ("close", "plain") for seed in close.seeds)
    found = open_questions()
    assert [p.standing.claim.method.slug for p in found.under_way] == ["close"] and found.under_way[0].missing == 0


def test_a_visitor_sees_times_and_one_way_in(arena, client):
    page = " ".join(client.get(reverse("claim_open")).content.decode().split())
    assert page.count("Log in to run") == 1 and "?next=/claims/open/" in page and "<button>Run" not in page
    assert f"would take about {duration(of(arena, 'idle').wall_seconds)} (10 runs" in page


def test_a_claim_across_settings_queues_both(arena, runner):
    method = Method.objects.get(slug="idle")
    terms = [{"weight": w, "method": m, "metric": "accuracy", "setting": s} for w, m, s in (
        (1, "", "harsh"), (-1, "plain", "harsh"), (-1, "", "default"), (1, "plain", "default"))]
    claim = Claim.objects.create(method=method, position=3, kind="GainGrows", sentence="a larger lead", rival="plain",
                                 metric="accuracy", setting="harsh", terms=terms)
    assert {(m.slug, s) for m, s in find_target(f"claim:{claim.pk}").questions} == {
        ("idle", "harsh"), ("plain", "harsh"), ("idle", "default"), ("plain", "default")}
    [proposal] = proposals([s for s in claim_list() if s.claim == claim]).values()
    assert proposal.missing == 10 * 3
    for text in ("claim:999999", "claim:x"):
        with pytest.raises(LookupError):
            find_target(text)


def test_estimates_of_an_arena_count_what_is_missing(arena):
    estimate = arena_estimate(arena, scale="full", seeds=10)
    default, harsh = estimate.settings
    assert default.missing == 10 and harsh.missing == 50
    assert default.wall_seconds == pytest.approx(default.missing * 6.5) and default.rough
    assert estimate.total.missing == default.missing + harsh.missing
    Run.objects.create(method=Method.objects.get(slug="idle"), seed=0, state="queued", code_digest="code of idle")
    assert arena_estimate(arena, scale="full", seeds=10).settings[0].missing == default.missing - 1


def test_a_cost_no_run_records_is_not_proposed_once_that_is_known(arena):
    method = Method.objects.get(slug="close")
    Claim.objects.filter(method=method).delete()
    claim_cheaper(method, cost="tuning cost")
    Run.objects.filter(method=method, seed__gte=6).delete()
    before = of(arena, "close")  # of six measured seeds, and no verdict yet
    assert before.chance == pytest.approx((1 + 1) / (2 + 2) * (1 - (1 + 1) / (1 + 2)))  # decided × refuted
    update_verdicts(arena=arena)
    assert "close" not in {p.standing.claim.method.slug for p in open_questions().proposals}
    assert "close" in {s.claim.method.slug for s in open_questions().out_of_reach}


def test_the_run_form_says_how_long_it_takes(arena, runner):
    close = Method.objects.get(slug="close")
    Run.objects.filter(method__slug__in=["close", "plain"], seed__gte=6).delete()
    update_verdicts(arena=arena)
    estimate = request_estimate([close], "default")
    assert (estimate.missing, estimate.rough) == (4, False)
    assert estimate.wall_seconds == pytest.approx(4 * 4.5)
    assert request_estimate([close], "claims").missing == 4 + 4  # the rival too
    page = " ".join(runner.get(reverse("method_detail", args=["sorting", "close"])).content.decode().split())
    assert "As the form stands, 4 runs are missing: about 18 s on this machine." in page
    shown = " ".join(runner.get(reverse("arena_detail", args=["sorting"])).content.decode().split())
    assert "default lacks 18 runs, about 2 min; harsh lacks 50 runs, about 5 min; all settings together 68, about 6 " \
        "min on this machine. Where a method was never run" in shown
    assert f"Run {len(of(arena, 'close').seeds)} more seed" in shown and "Run 10 paired seeds" in shown


@pytest.mark.parametrize("seconds, words", [(0.2, "1 s"), (89, "89 s"), (91, "2 min"), (5000, "83 min"),
                                            (6000, "1.7 h"), (90000, "25 h"), (400000, "4.6 days")])
def test_times_as_people_say_them(seconds, words):
    assert duration(seconds) == words
