"""Verdicts from paired seeds: the rule, the correction, the history and what never counts."""

import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from evaluations.arithmetic.sequential import SPENT
from evaluations.arithmetic.statistics import holm, paired_contrast
from evaluations.claims.testing import ClaimTest, CostEvidence, Evidence
from evaluations.claims.verdicts import claim_list, update_verdicts
from evaluations.models import Claim, Run, Score, Verdict
from evaluations.tables.summaries import evidence_in_words
from evaluations.tasks import update_arena_verdicts
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db


def claim_beats(method, rival="plain", metric="accuracy", sign=1.0, setting="default", margin=0.0, position=0):
    return Claim.objects.create(
        method=method, position=position, kind="Beats", sentence=f"better {metric} than {rival}", rival=rival,
        metric=metric, setting=setting, margin=margin, terms=[
            {"weight": sign, "method": "", "metric": metric, "setting": setting},
            {"weight": -sign, "method": rival, "metric": metric, "setting": setting}])


@pytest.fixture
def arena():
    arena = make_arena()
    add_runs(make_method(arena, "plain"), {"accuracy": draws(50, seed=1), "error": draws(9, seed=1)})
    return arena


def current(claim):
    return Verdict.objects.get(claim=claim, current=True)


def test_confirmed_refuted_and_inconclusive_with_the_numbers_behind(arena):
    claims = {}
    for slug, mean in (("good", 60), ("bad", 40), ("same", 50)):
        method = make_method(arena, slug)
        add_runs(method, {"accuracy": draws(mean, seed=mean), "error": draws(9)})
        claims[slug] = claim_beats(method)
    assert len(update_verdicts(arena=arena)) == 3
    assert {slug: current(claim).status for slug, claim in claims.items()} == \
        {"good": "confirmed", "bad": "refuted", "same": "inconclusive"}
    contrasts = [paired_contrast(np.subtract(draws(mean, seed=mean), draws(50, seed=1))) for mean in (60, 40, 50)]
    for claim, contrast in zip(claims.values(), contrasts, strict=True):
        verdict = current(claim)
        assert (verdict.difference, verdict.low, verdict.high) == pytest.approx(
            (contrast.mean, contrast.low, contrast.high))
        assert verdict.p_value == pytest.approx(min(1, contrast.p_value / SPENT[0]))
        assert (verdict.n, verdict.family) == (6, 1)
        assert verdict.effect_size == pytest.approx(contrast.effect_size)
    assert current(claims["good"]).power > 0.99 and current(claims["good"]).seeds_needed == 0
    undecided = current(claims["same"])
    assert undecided.power < 0.8 and (undecided.seeds_needed is None or undecided.seeds_needed > 0)


def test_lower_is_better_when_the_terms_say_so(arena):
    method = make_method(arena, "precise")
    add_runs(method, {"accuracy": draws(1), "error": draws(2, seed=2)})
    claim = claim_beats(method, metric="error", sign=-1.0)
    update_verdicts(arena=arena)
    assert current(claim).status == "confirmed" and current(claim).difference > 0


def test_margins_make_claims_of_being_no_worse(arena):
    method = make_method(arena, "cheap")
    add_runs(method, {"accuracy": (np.array(draws(50, seed=1)) - 1 + 0.01 * np.arange(6)).tolist(), "error": [1] * 6})
    within, beats = claim_beats(method, margin=3.0), claim_beats(method, position=1)
    update_verdicts(arena=arena)
    assert current(within).status == "confirmed" and current(beats).status == "refuted"


def test_a_gain_that_grows_between_settings(arena):
    plain, robust = arena.methods.get(slug="plain"), make_method(arena, "robust")
    add_runs(plain, {"accuracy": draws(20, seed=7), "error": [1] * 6}, setting="harsh")
    add_runs(robust, {"accuracy": draws(51, seed=8), "error": [1] * 6})
    add_runs(robust, {"accuracy": draws(45, seed=9), "error": [1] * 6}, setting="harsh")
    terms = [{"weight": w, "method": m, "metric": "accuracy", "setting": s} for w, m, s in (
        (1, "", "harsh"), (-1, "plain", "harsh"), (-1, "", "default"), (1, "plain", "default"))]
    claim = Claim.objects.create(method=robust, position=0, kind="GainGrows", sentence="a larger lead", rival="plain",
                                 metric="accuracy", setting="harsh", terms=terms)
    update_verdicts(arena=arena)
    assert current(claim).status == "confirmed"
    assert current(claim).difference == pytest.approx(24, abs=1.5)


def test_cancelling_terms_leave_no_rounding_noise(arena):
    plain, twin = arena.methods.get(slug="plain"), make_method(arena, "twin")
    add_runs(plain, {"accuracy": draws(50, seed=1), "error": [1] * 6}, setting="harsh")
    for setting in ("default", "harsh"):
        add_runs(twin, {"accuracy": draws(55, seed=3), "error": [1] * 6}, setting=setting)
    terms = [{"weight": w, "method": m, "metric": "accuracy", "setting": s} for w, m, s in (
        (1, "", "harsh"), (-1, "plain", "harsh"), (-1, "", "default"), (1, "plain", "default"))]
    claim = Claim.objects.create(method=twin, position=0, kind="GainGrows", sentence="a larger lead", rival="plain",
                                 metric="accuracy", setting="harsh", terms=terms)
    update_verdicts(arena=arena)
    verdict = current(claim)
    assert (verdict.status, verdict.difference, verdict.p_value) == ("inconclusive", 0.0, 1.0)
    assert verdict.effect_size is None and verdict.seeds_needed is None


def test_holm_over_the_claims_of_one_method_in_one_setting(arena):
    """One claim with p near 0.03 is confirmed alone and inconclusive among four; another method's do not count."""
    method = make_method(arena, "close")
    wobble = np.array([1.9, -0.2, 2.1, 0.4, 1.6, 0.6])
    add_runs(method, {"accuracy": (np.array(draws(50, seed=1)) + wobble).tolist(), "error": [9.0] * 6})
    claim = claim_beats(method)
    update_verdicts(arena=arena)
    alone = current(claim)
    assert alone.status == "confirmed" and 0.02 < alone.p_value < 0.05
    for position in (1, 2, 3):
        claim_beats(method, metric="error", sign=-1.0, position=position, margin=position / 100)
    other = make_method(arena, "other")
    add_runs(other, {"accuracy": draws(50, seed=9), "error": draws(9)})
    claim_beats(other)
    update_verdicts(arena=arena)
    among = current(claim)
    assert among.family == 4
    assert among.status == "inconclusive" and among.low > 0
    assert among.p_value == pytest.approx(4 * alone.p_value)
    assert among.power < alone.power and among.seeds_needed > 0
    assert alone.basis == among.basis and Verdict.objects.filter(claim=claim).count() == 2


def test_rows_are_written_only_when_something_changed_and_history_stays(arena, django_assert_max_num_queries):
    method = make_method(arena, "good")
    add_runs(method, {"accuracy": draws(60, seed=2), "error": draws(9)})
    claim = claim_beats(method)
    assert len(update_verdicts(arena=arena)) == 1
    with django_assert_max_num_queries(12):
        assert update_verdicts(arena=arena) == []
    Score.objects.filter(run__method=method, metric="accuracy").update(value=30.0)
    assert [v.status for v in update_verdicts(arena=arena)] == ["refuted"]
    assert list(Verdict.objects.filter(claim=claim).order_by("pk").values_list("status", "current")) == \
        [("confirmed", False), ("refuted", True)]


def test_another_claims_scores_renew_the_adjusted_p_in_place(arena):
    first, rival = make_method(arena, "first"), make_method(arena, "rival")
    add_runs(first, {"accuracy": draws(60, seed=2), "error": draws(9)})
    claim = claim_beats(first)
    claim_beats(first, rival="rival", position=1)
    update_verdicts(arena=arena)
    before = current(claim)
    add_runs(rival, {"accuracy": draws(59.9, seed=3), "error": draws(9)})
    update_verdicts(arena=arena)
    after = current(claim)
    assert after.pk == before.pk and after.p_value == pytest.approx(2 * before.p_value)


@pytest.mark.parametrize("spoiled", [{"scale": "smoke"}, {"params_key": "k2", "params": {"k": 2}},
                                     {"code": "older"}, {"setting": "harsh"}])
def test_only_present_code_default_parameters_and_full_scale_count(arena, spoiled):
    method = make_method(arena, "good")
    add_runs(method, {"accuracy": draws(60, seed=2), "error": draws(9)}, **spoiled)
    claim = claim_beats(method)
    assert update_verdicts(arena=arena) == []
    assert [(s.claim, s.status) for s in claim_list(arena=arena)] == [(claim, "not measured")]
    with pytest.raises(ValueError, match="smoke"):
        update_verdicts(arena=arena, scale="smoke")


def test_changed_code_leaves_a_stale_verdict_until_it_is_measured_again(arena):
    method = make_method(arena, "good")
    add_runs(method, {"accuracy": draws(60, seed=2), "error": draws(9)})
    claim = claim_beats(method)
    update_verdicts(arena=arena)
    method.code_digest = "new code"
    method.save()
    assert update_verdicts(arena=arena) == []
    assert not Verdict.objects.filter(claim=claim, current=True).exists()
    [standing] = claim_list(arena=arena)
    assert (standing.status, standing.stale) == ("confirmed", True)
    add_runs(method, {"accuracy": draws(60, seed=4), "error": draws(9)})
    assert len(update_verdicts(arena=arena)) == 1
    [standing] = claim_list(arena=arena)
    assert (standing.status, standing.stale) == ("confirmed", False)


def test_one_seed_and_missing_rivals_give_no_verdict(arena):
    method = make_method(arena, "good")
    add_runs(method, {"accuracy": [60.0], "error": [1.0]})
    claim_beats(method)
    claim_beats(method, rival="nobody", position=1)
    assert update_verdicts(arena=arena) == []


def test_pairs_are_common_seeds_only(arena):
    method = make_method(arena, "good")
    add_runs(method, {"accuracy": [None, None, 60.0, 61.0, 59.0, 60.5, 61.0, 62.0], "error": [1.0] * 8})
    claim = claim_beats(method)
    update_verdicts(arena=arena)
    assert current(claim).n == 4


def test_false_confirmations_of_equal_methods_are_rare():
    """Simulated arenas whose five claims are all untrue: any confirmation or refutation in at most 5 % of them."""
    generator, arenas, false = np.random.default_rng(0), 2000, 0
    for _ in range(arenas):
        luck = generator.normal(0, 2, 6)
        base = luck + generator.normal(0, 1, 6)
        contrasts = [paired_contrast(luck + generator.normal(0, 1, 6) - base) for _ in range(5)]
        false += min(holm([c.p_value for c in contrasts])) <= 0.05
    assert false / arenas <= 0.05


def test_claims_that_come_to_the_same_are_one_test(arena):
    """A rival that equals another at every seed, as it does by construction in some settings, doubles no family."""
    make = {slug: make_method(arena, slug) for slug in ("twin", "close")}
    add_runs(make["twin"], {"accuracy": draws(50, seed=1), "error": [9.0] * 6})
    add_runs(make["close"], {"accuracy": draws(50.6, seed=4), "error": [9.0] * 6})
    first, second = claim_beats(make["close"]), claim_beats(make["close"], rival="twin", position=1)
    update_verdicts(arena=arena)
    alone = paired_contrast(np.subtract(draws(50.6, seed=4), draws(50, seed=1)))
    assert current(first).p_value == current(second).p_value == pytest.approx(alone.p_value / SPENT[0])
    assert current(first).family == current(second).family == 1


@pytest.mark.parametrize("ours, status", [(4.0, "confirmed"), (5.0, "refuted"), (6.0, "refuted")])
def test_a_count_is_decided_exactly_with_three_seeds(arena, ours, status):
    small, large = make_method(arena, "small"), make_method(arena, "large")
    add_runs(small, {"accuracy": draws(50, 3, seed=5), "error": [ours] * 3})
    add_runs(large, {"accuracy": draws(50, 3, seed=6), "error": [5.0] * 3})
    claim = claim_beats(small, rival="large", metric="error", sign=-1.0)
    update_verdicts(arena=arena)
    verdict = current(claim)
    assert (verdict.status, verdict.p_value, verdict.seeds_needed) == (status, 0.0, 0)
    [standing] = claim_list(arena=arena)
    assert "the same at each of 3 seeds: counted, not estimated" in evidence_in_words(standing)


def test_two_equal_differences_decide_nothing(arena):
    """Neither accuracy repeats: that both seeds differ by the same is a coincidence."""
    method, rival = make_method(arena, "lucky"), make_method(arena, "rival")
    add_runs(method, {"accuracy": [61.0, 63.0, 60.0], "error": [1.0] * 3})
    add_runs(rival, {"accuracy": [60.0, 62.0, 59.0], "error": [1.0] * 3})
    claim = claim_beats(method, rival="rival")
    update_verdicts(arena=arena)
    assert (current(claim).status, current(claim).p_value) == ("inconclusive", 0.25 / SPENT[0])


def test_a_claim_names_collapsed_seeds_and_unequal_budgets(arena):
    method = make_method(arena, "fragile")
    scores = draws(60, seed=2)
    add_runs(method, {"accuracy": [10.0, 9.7, *scores[2:]], "error": draws(9)},
             counts={"steps": 80, "gradients": 160})
    Run.objects.filter(method__slug="plain").update(counts={"steps": 160, "gradients": 160})
    claim = claim_beats(method)
    update_verdicts(arena=arena)
    ours, theirs = current(claim).sides
    assert ours == {"method": "fragile", "setting": "default", "metric": "accuracy", "collapsed": [0, 1], "steps": 80,
                    "gradients": 160}
    assert theirs["collapsed"] == []
    [standing] = claim_list(arena=arena)
    assert "2 of 6 seeds of Fragile collapsed to chance level" in evidence_in_words(standing)
    assert "compared at equal gradients, with 80 against 160 steps" in evidence_in_words(standing)


def test_task_and_command(arena):
    method = make_method(arena, "good")
    add_runs(method, {"accuracy": draws(60, seed=2), "error": draws(9)})
    claim_beats(method)
    assert update_arena_verdicts("sorting") == 1
    out = StringIO()
    call_command("verdicts", "sorting", stdout=out)
    assert "confirmed    sorting: Good: higher accuracy than Plain  +9.851" in out.getvalue()
    assert "1 claims: 1 confirmed, 0 refuted" in out.getvalue()
    out = StringIO()
    call_command("verdicts", "--json", stdout=out)
    [record] = json.loads(out.getvalue())["claims"]
    assert (record["status"], record["n"], record["rival"]) == ("confirmed", 6, "plain")
    with pytest.raises(CommandError, match="no arena juggling; there are sorting"):
        call_command("verdicts", "juggling")


def test_a_replay_is_not_a_second_seed(arena):
    method = make_method(arena, "good")
    add_runs(method, {"accuracy": draws(60, seed=2), "error": draws(9)})
    claim = claim_beats(method)
    update_verdicts(arena=arena)
    add_runs(method, {"accuracy": [0.0], "error": [0.0]}, replay_of=Run.objects.filter(method=method).first())
    assert update_verdicts(arena=arena) == []
    assert current(claim).n == 6


def claim_cheaper(method, rival="plain", cost="parameters", within=1.0):
    return Claim.objects.create(
        method=method, position=0, kind="Matches", sentence=f"accuracy within {within:g} of {rival} at a lower cost in "
        f"{cost}", rival=rival, metric="accuracy", setting="default", margin=within, cost=cost, terms=[
            {"weight": 1, "method": "", "metric": "accuracy", "setting": "default"},
            {"weight": -1, "method": rival, "metric": "accuracy", "setting": "default"}])


NEAR, WORSE = 49.8, 40  # means of methods within a point of the rival's 50, and far below it


@pytest.mark.parametrize("mean, parameters, status", [
    (NEAR, 400, "confirmed"),  # as good and smaller
    (NEAR, 1000, "refuted"),  # as good, and exactly as large: not at a lower cost
    (NEAR, 4000, "refuted"),  # as good, but larger
    (WORSE, 400, "refuted"),  # smaller, but not as good
])
def test_both_halves_of_a_claim_at_lower_cost_are_tested(arena, mean, parameters, status):
    method = make_method(arena, "small")
    add_runs(method, {"accuracy": draws(mean, seed=1, noise=0.45), "error": [1] * 6}, counts={"parameters": parameters})
    claim = claim_cheaper(method, cost="trained parameters")
    update_verdicts(arena=arena)
    verdict = current(claim)
    assert verdict.status == status
    assert verdict.cost == {"cost": "trained parameters", "recorded": "parameters", "unit": "", "n": 6,
                            "difference": 1000 - parameters, "low": 1000 - parameters, "high": 1000 - parameters,
                            "p_value": 0.0}


def seconds(method, spent):
    for seed, of in enumerate(spent):
        Run.objects.filter(method=method, seed=seed).update(seconds=of)


@pytest.mark.parametrize("spent, status", [
    ([1.0, 2.1, 2.9, 4.0, 5.1, 5.9], "confirmed"),  # about a second less than 2, 3, 4 ... of the rival
    ([3.1, 3.9, 5.0, 6.1, 7.0, 8.1], "refuted"),
    ([1.0, 4.0, 3.0, 6.0, 5.0, 8.0], "inconclusive"),
])
def test_a_cost_that_varies_is_tested_over_the_seeds(arena, spent, status):
    method = make_method(arena, "quick")
    add_runs(method, {"accuracy": draws(NEAR, seed=1, noise=0.45), "error": [1] * 6})
    seconds(method, spent)
    claim = claim_cheaper(method, cost="seconds")
    update_verdicts(arena=arena)
    verdict, saved = current(claim), paired_contrast(np.subtract([2, 3, 4, 5, 6, 7], spent))
    assert verdict.status == status
    assert [verdict.cost[k] for k in ("difference", "low", "high", "p_value")] == \
        pytest.approx([saved.mean, saved.low, saved.high, saved.p_value])
    weaker = max(saved.p_value, paired_contrast(np.subtract(
        draws(NEAR, seed=1, noise=0.45), draws(50, seed=1)) + 1.0).p_value)
    assert verdict.p_value == pytest.approx(
        min(1, (saved.p_value if status == "refuted" else weaker) / SPENT[0]))


def test_seconds_of_different_machines_are_not_compared(arena):
    method = make_method(arena, "quick")
    add_runs(method, {"accuracy": draws(NEAR, seed=1, noise=0.45), "error": [1] * 6},
             environment={"processor": "Abacus 4000"})
    seconds(method, [0.1] * 6)
    claim = claim_cheaper(method, cost="seconds")
    update_verdicts(arena=arena)
    assert current(claim).status == "inconclusive" and current(claim).cost["n"] == 0
    [standing] = claim_list(arena=arena)
    assert "its cost, seconds, was not measured on one machine" in evidence_in_words(standing)


@pytest.mark.parametrize("mean, status", [(NEAR, "inconclusive"), (WORSE, "refuted")])
def test_a_cost_that_no_run_records_can_be_refuted_and_never_confirmed(arena, mean, status):
    method = make_method(arena, "easy")
    add_runs(method, {"accuracy": draws(mean, seed=1, noise=0.45), "error": [1] * 6})
    claim = claim_cheaper(method, cost="tuning cost")
    update_verdicts(arena=arena)
    assert current(claim).status == status and current(claim).cost["recorded"] == ""
    [standing] = claim_list(arena=arena)
    assert "tuning cost, is recorded by no run" in evidence_in_words(standing)
    assert (current(claim).seeds_needed is None) == (status == "inconclusive")


def test_a_cost_may_be_a_metric_of_the_arena_by_its_title(arena):
    method = make_method(arena, "small")
    error = (np.array(draws(9, seed=1)) - 2 + 0.01 * np.arange(6)).tolist()
    add_runs(method, {"accuracy": draws(NEAR, seed=1, noise=0.45), "error": error})
    claim = claim_cheaper(method, cost="error")
    update_verdicts(arena=arena)
    assert current(claim).status == "confirmed" and current(claim).cost["difference"] == pytest.approx(1.975)
    [standing] = claim_list(arena=arena)
    assert "saved in error +1.975 % (95 % interval" in evidence_in_words(standing)


def test_claims_at_lower_cost_that_fail_in_one_half_are_rarely_confirmed():
    """Simulated: the quality half is untrue at its margin and the cost half true, and the other way round."""
    generator, rounds = np.random.default_rng(1), 2000
    for effects in ((0.0, 3.0), (3.0, 0.0)):
        confirmed = refuted_true = 0
        for _ in range(rounds):
            halves = tuple(paired_contrast(generator.normal(effect, 1, 6)) for effect in effects)
            test = ClaimTest(Evidence(None, {}, "", CostEvidence("seconds", "s", {})), halves)
            confirmed += test.status(test.p_value) == "confirmed"
            refuted_true += test.status(test.p_value) == "refuted"
        assert confirmed / rounds <= 0.04 and refuted_true / rounds <= 0.04  # 2.5 % each, and luck
