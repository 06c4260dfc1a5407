"""Scores outlive a change of code that was seen to change no number, and only then."""

import pytest
from django.core.management import CommandError, call_command

from evaluations.claims.carrying import carry_scores
from evaluations.models import Claim, Run, Verdict
from evaluations.runs.measurements import CARRIED_OVER
from methods.models import Method
from tests.evaluations.simulated_runs import add_runs, make_arena, make_method

OLD = {"accuracy": [61.5, 62.25, 63.0], "error": [0.5, 0.4, 0.3]}


@pytest.fixture
def arena(db):
    arena = make_arena()
    make_method(arena, "plain")
    return arena


def measured(arena, slug, new, **fields):
    """A method whose older code measured OLD and whose present code measured `new`."""
    method = make_method(arena, slug)
    add_runs(method, OLD, code="older code")
    add_runs(method, new, days=1, **fields)
    return method


def carried(arena, **where):
    return {each.method.slug: (each.runs, each.equal, each.different) for each in carry_scores(arena=arena, **where)}


def test_equal_numbers_at_one_seed_carry_the_others(arena):
    method = measured(arena, "renamed", {"accuracy": [61.5], "error": [0.5]})
    assert carried(arena) == {"renamed": (2, (0,), ())}
    runs = Run.objects.filter(method=method, code_digest=method.code_digest)
    assert sorted(runs.values_list("seed", flat=True)) == [0, 1, 2]
    assert [CARRIED_OVER in run.environment for run in runs.order_by("seed")] == [False, True, True]
    assert runs.get(seed=2).environment[CARRIED_OVER] == "from older code that gave the same numbers at seed 0"
    assert runs.get(seed=2).scores.get(metric="accuracy").value == 63.0
    assert carried(arena) == {"renamed": (0, (0,), ())}               # only the older run at seed 0 is left


@pytest.mark.parametrize("new, other", [
    ({"accuracy": [61.5, 62.250001], "error": [0.5, 0.4]}, {}),
    ({"accuracy": [61.5, 62.25], "error": [0.5, 0.4]}, {"counts": {"gradients": 51}}),
])
def test_one_other_number_carries_nothing(arena, new, other):
    method = measured(arena, "reworked", new, **other)
    (runs, _, different), = carried(arena).values()
    assert runs == 0 and different
    assert Run.objects.filter(method=method, code_digest="older code").count() == 3


def test_each_older_code_is_proved_by_itself(arena):
    method = measured(arena, "renamed", {"accuracy": [61.5], "error": [0.5]})
    add_runs(method, {"accuracy": [60.0, 60.0, 60.0, 60.0], "error": [0.5] * 4}, code="a worse code", days=-1)
    add_runs(method, {"accuracy": [61.5, 62.25, 63.0, 63.5, 64.0], "error": [0.5, 0.4, 0.3, 0.2, 0.1]},
             code="an equal code", days=-2)
    assert carried(arena) == {"renamed": (4, (0, 1, 2), (0, 1, 2))}
    found = Run.objects.filter(method=method, code_digest=method.code_digest).order_by("seed")
    assert [run.scores.get(metric="accuracy").value for run in found] == [61.5, 62.25, 63.0, 63.5, 64.0]
    assert found[4].environment[CARRIED_OVER].endswith("seed 0, 1, 2")


def test_without_a_common_seed_nothing_is_proved(arena):
    measured(arena, "unproved", {"accuracy": [None, None, None, 64.0], "error": [None, None, None, 0.2]})
    assert carried(arena) == {"unproved": (0, (), ())}


def test_other_settings_and_waiting_runs_are_left_alone(arena):
    method = measured(arena, "renamed", {"accuracy": [61.5], "error": [0.5]})
    add_runs(method, OLD, setting="harsh", code="older code")
    Run.objects.create(method=method, seed=2, state=Run.QUEUED, code_digest=method.code_digest)
    assert carried(arena) == {"renamed": (1, (0,), ())}
    assert Run.objects.filter(setting="harsh", code_digest="older code").count() == 3


def test_verdicts_are_renewed(arena):
    plain = Method.objects.get(slug="plain")
    add_runs(plain, {"accuracy": [50.0, 50.5, 51.0], "error": [0.6, 0.6, 0.6]})
    method = measured(arena, "renamed", {"accuracy": [61.5], "error": [0.5]})
    terms = [{"weight": weight, "method": slug, "metric": "accuracy", "setting": "default"}
             for weight, slug in ((1, "renamed"), (-1, "plain"))]
    Claim.objects.create(method=method, position=0, kind="Beats", sentence="better", rival="plain", metric="accuracy",
                         setting="default", terms=terms)
    carry_scores(arena=arena)
    assert Verdict.objects.get().n == 3


def test_the_command_says_what_it_did_and_refuses_unknown_names(arena, capsys):
    measured(arena, "renamed", {"accuracy": [61.5], "error": [0.5]})
    call_command("carry_scores", arena.slug)
    assert "renamed: 2 runs carried over" in capsys.readouterr().out
    for words in (["nowhere"], [arena.slug, "--setting", "nothing"]):
        with pytest.raises(CommandError, match="nowhere|nothing"):
            call_command("carry_scores", *words)
