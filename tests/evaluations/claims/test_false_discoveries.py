"""How many verdicts luck alone would make: simulated ledgers with shared rivals, and what a site stores and says."""

import numpy as np
import pytest
from django.urls import reverse

from evaluations.arithmetic.statistics import ALPHA, holm, paired_contrast
from evaluations.claims.false_discoveries import Claimed, decided_by_luck, ledger_errors
from evaluations.claims.verdicts import update_verdicts
from evaluations.models import FalseDiscoveries, Run, Score
from tests.evaluations.claims.test_verdicts import claim_beats
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

METHODS, CLAIMS, SEEDS = 20, 3, 10


def simulated(generator, real: int, effect: float = 1.5, skewed: bool = False):
    """(methods, claims, seeds) differences of methods to three rivals that all share; the first `real` methods are
    better by `effect`. Claims of one method share its luck, those against one rival the rival's."""
    def luck(*shape):
        return generator.gumbel(0, 0.8, shape) - 0.46 if skewed else generator.normal(0, 1, shape)

    d = luck(METHODS, 1, SEEDS) - luck(1, CLAIMS, SEEDS)
    d[:real] += effect
    return d


def decided(differences):
    """(methods, claims) bool: those that Holm decides within each method."""
    return np.array([[p <= ALPHA for p in holm([paired_contrast(each).p_value for each in claims])]
                     for claims in differences])


def claims_of(differences):
    return [Claimed(dict(enumerate(each)), method, f"{method}-{place}") for method, claims in enumerate(differences)
            for place, each in enumerate(claims)]


@pytest.mark.parametrize("skewed", [False, True])
def test_luck_decides_as_many_as_it_is_said_to(skewed):
    """No effect is real: over many ledgers, as many are decided as the draws of one ledger say on average."""
    generator = np.random.default_rng(1)
    found, said = [], []
    for _ in range(150):
        ledger = simulated(generator, 0, skewed=skewed)
        found.append(decided(ledger).sum())
        said.append(decided_by_luck(claims_of(ledger), 60).mean())
    assert 0.5 < np.mean(found) < METHODS * ALPHA * 1.5  # at most one in twenty families
    assert np.mean(said) == pytest.approx(np.mean(found), rel=0.35)


def test_the_share_of_false_verdicts_stays_below_what_is_said():
    """Half of the effects are real."""
    generator, real = np.random.default_rng(2), METHODS // 2
    false, said = [], []
    for _ in range(100):
        ledger = simulated(generator, real)
        verdicts = decided(ledger)
        false.append(verdicts[real:].sum() / max(1, verdicts.sum()))
        said.append(decided_by_luck(claims_of(ledger), 60).mean() / max(1, verdicts.sum()))
    assert np.mean(false) <= np.mean(said) <= 3 * ALPHA
    assert np.mean(false) <= ALPHA


def test_few_seeds_leave_more_to_luck():
    """With five seeds one draw in sixteen is what was measured, or its mirror image: the bound says so."""
    d = np.full((6, 1, 5), 10.0) + np.random.default_rng(3).normal(0, 0.1, (6, 1, 5))
    counts = decided_by_luck(claims_of(d), 2000)
    assert counts.mean() == pytest.approx(6 / 16, rel=0.2) and counts.max() == 6
    assert decided_by_luck([], 10).tolist() == [0.0] * 10


@pytest.mark.django_db
def test_a_site_keeps_it_and_says_it(client):
    arena = make_arena()
    add_runs(make_method(arena, "plain"), {"accuracy": draws(50, 10, seed=1), "error": [9.0] * 10})
    for place in range(4):
        method = make_method(arena, f"m{place}")
        add_runs(method, {"accuracy": draws(50 + 10 * (place > 0), 10, seed=place + 2), "error": [8.0] * 10})
        claim_beats(method)
    claim_beats(method, metric="error", sign=-1.0, position=1)  # a count, which leaves nothing to luck
    update_verdicts(arena=arena)
    row = FalseDiscoveries.objects.get()
    assert row.tested == 4 and 0 < row.by_luck < 0.5
    errors = ledger_errors()
    assert errors.decided == 3 and errors.share == pytest.approx(row.by_luck / 3)
    assert "3 verdicts are decided by a test" in " ".join(client.get(reverse("claim_list")).content.decode().split())
    assert ledger_errors(arena="elsewhere").sentence == ""

    FalseDiscoveries.objects.update(by_luck=99)
    update_verdicts(arena=arena)
    assert FalseDiscoveries.objects.get().by_luck == 99, "the same numbers are not drawn again"
    Score.objects.filter(run__in=Run.objects.filter(method__slug="m0"), metric="accuracy").update(value=50.5)
    update_verdicts(arena=arena)
    assert FalseDiscoveries.objects.get().by_luck < 1
