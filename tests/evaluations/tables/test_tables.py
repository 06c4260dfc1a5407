"""The table object: what is averaged, what is compared, and what is kept apart."""

import numpy as np
import pytest
from django.http import QueryDict

from evaluations.arithmetic.rounding import decimals, number, plus_minus
from evaluations.arithmetic.statistics import mean_interval
from evaluations.models import Run, Score
from evaluations.tables.build import TableError, build_settings_table, build_table
from evaluations.tables.cells import cell_record, cell_runs
from evaluations.tables.state import read_state
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db


@pytest.fixture
def arena():
    arena = make_arena()
    plain = make_method(arena, "plain")
    clever = make_method(arena, "clever", fidelity="faithful", year=2020)
    twin = make_method(arena, "twin", fidelity="core", year=2021)
    make_method(arena, "idle")
    add_runs(plain, {"accuracy": draws(50, seed=1), "error": draws(9, seed=1)})
    add_runs(clever, {"accuracy": draws(70, seed=2), "error": draws(4, seed=2)})
    add_runs(twin, {"accuracy": draws(70, seed=3), "error": draws(4, seed=3)})
    return arena


def rows(table):
    return {row.method: row for row in table.rows}


def test_cells_hold_mean_interval_and_seeds(arena):
    table = build_table(arena)
    values = draws(70, seed=2)
    cell = rows(table)["clever"].cells["accuracy"]
    expected = mean_interval(values)
    assert (cell.mean, cell.low, cell.high, cell.n) == pytest.approx((expected.mean, expected.low, expected.high, 6))
    assert cell.by_seed == dict(enumerate(values))
    assert not cell.stale and cell.tier == 1


def test_best_first_and_unmeasured_last(arena):
    table = build_table(arena)
    assert [row.method for row in table.rows][2:] == ["plain", "idle"]
    assert rows(table)["idle"].cells == {}
    assert rows(table)["idle"].missing == (0, 1, 2, 3, 4, 5)
    assert rows(table)["plain"].is_baseline


def test_direction_comes_from_the_metric(arena):
    table = build_table(arena)
    assert {slug: row.cells["error"].tier for slug, row in rows(table).items() if row.cells} == \
        {"plain": 2, "clever": 1, "twin": 1}
    by_error = build_table(arena, metrics=["error"])
    assert by_error.rows[-2].method == "plain"
    assert by_error.primary.heading == "Error (%) ↓"


def test_a_setting_may_have_a_chance_level_of_its_own(arena):
    arena.metrics[0]["chance_in"] = {"harsh": 31.0}
    arena.save()
    assert [build_table(arena, setting=s).columns[0].chance for s in ("default", "harsh")] == [10, 31.0]


def test_tiers_are_those_of_the_methods_on_screen(arena):
    table = build_table(arena, methods=["plain"])
    assert [row.method for row in table.rows] == ["plain"]
    assert rows(table)["plain"].cells["accuracy"].tier == 1


def test_cost_columns(arena):
    table = build_table(arena)
    assert [c.key for c in table.columns if c.kind == "cost"] == ["seconds", "parameters", "gradients",
                                                                 "peak_memory_mb"]
    cells = rows(table)["plain"].cells
    assert cells["seconds"].mean == pytest.approx(4.5) and cells["parameters"].mean == 1000


def test_differences_are_paired_with_the_baseline(arena):
    table = build_table(arena, differences=True)
    d = rows(table)["clever"].cells["accuracy"].difference
    expected = mean_interval(np.subtract(draws(70, seed=2), draws(50, seed=1)))
    assert (d.mean, d.low, d.high) == pytest.approx((expected.mean, expected.low, expected.high))
    assert rows(table)["plain"].cells["accuracy"].difference is None
    assert rows(table)["clever"].cells["error"].difference.mean < 0
    assert table.records()[0]["accuracy_difference"] is not None
    assert "accuracy_difference" not in build_table(arena).records()[0]
    assert ("accuracy_difference", "vs. baseline") in table.headings()


def test_stale_scores_show_only_while_there_is_nothing_newer_and_never_mix(arena):
    old = make_method(arena, "old")
    add_runs(old, {"accuracy": [10.0, 10.0, 10.0], "error": [1.0, 1.0, 1.0]}, code="first", days=0)
    add_runs(old, {"accuracy": [99.0, 98.0], "error": [1.0, 1.0]}, code="second", days=1)
    table = build_table(arena)
    cell = rows(table)["old"].cells["accuracy"]
    assert (cell.mean, cell.n, cell.stale) == (98.5, 2, True)
    assert cell.tier is None and rows(table)["clever"].cells["accuracy"].tier == 1
    assert table.facts.stale == 1 and "older version" in table.caption()
    assert rows(table)["old"].missing == (0, 1, 2, 3, 4, 5)
    add_runs(old, {"accuracy": [60.0], "error": [1.0]}, days=2)
    cell = rows(build_table(arena))["old"].cells["accuracy"]
    assert (cell.mean, cell.low, cell.n, cell.stale) == (60.0, None, 1, False)


def test_other_hyperparameters_settings_scales_and_replays_stay_out(arena):
    plain = arena.methods.get(slug="plain")
    far = {"accuracy": [0.0], "error": [0.0]}
    add_runs(plain, far, params={"k": 2}, params_key="k2")
    add_runs(plain, far, setting="harsh")
    add_runs(plain, far, scale="smoke")
    add_runs(plain, far, replay_of=Run.objects.filter(method=plain).first())
    assert rows(build_table(arena))["plain"].cells["accuracy"].mean == pytest.approx(np.mean(draws(50, seed=1)))
    assert rows(build_table(arena, setting="harsh"))["plain"].cells["accuracy"].n == 1


def test_failed_and_active_seeds_are_counted_until_a_retry_is_done(arena):
    idle = arena.methods.get(slug="idle")
    common = {"method": idle, "setting": "default", "scale": "full", "code_digest": idle.code_digest}
    Run.objects.create(seed=0, state=Run.FAILED, **common)
    Run.objects.create(seed=1, state=Run.FAILED, **common)
    Run.objects.create(seed=1, state=Run.QUEUED, **common)
    Run.objects.create(seed=2, state=Run.CANCELLED, **common)
    row = rows(build_table(arena))["idle"]
    assert (row.failed, row.active) == (1, 1)
    run = Run.objects.create(seed=0, state=Run.DONE, **common)
    Score.objects.create(run=run, metric="accuracy", value=1.0)
    assert rows(build_table(arena))["idle"].failed == 0


def test_seeds_can_be_limited(arena):
    assert rows(build_table(arena, seeds=range(3)))["plain"].cells["accuracy"].n == 3


def test_settings_side_by_side(arena):
    add_runs(arena.methods.get(slug="plain"), {"accuracy": draws(80, seed=4), "error": draws(1)}, setting="harsh")
    add_runs(arena.methods.get(slug="clever"), {"accuracy": draws(60, seed=5), "error": draws(1)}, setting="harsh")
    table = build_settings_table(arena)
    assert [c.key for c in table.columns] == ["accuracy@default", "accuracy@harsh"]
    assert rows(table)["plain"].cells["accuracy@default"].tier == 2
    assert rows(table)["plain"].cells["accuracy@harsh"].tier == 1
    assert "accuracy@harsh" not in rows(table)["twin"].cells
    assert rows(table)["twin"].missing == (0, 1, 2, 3, 4, 5)


def test_sorting(arena):
    assert [row.method for row in build_table(arena, sort="title").rows] == ["clever", "idle", "plain", "twin"]
    assert [row.method for row in build_table(arena, sort="-year").rows][:2] == ["twin", "clever"]
    assert build_table(arena, sort="accuracy").rows[0].method == "plain"


@pytest.mark.parametrize("wrong", [{"setting": "mild"}, {"scale": "huge"}, {"metrics": ["speed"]},
                                   {"methods": ["nobody"]}, {"sort": "luck"}])
def test_unknown_names_say_what_there_is(arena, wrong):
    with pytest.raises(TableError, match=str(next(iter(wrong.values()))).strip("[]'")):
        build_table(arena, **wrong)


def test_the_digest_changes_with_any_number_and_not_with_the_order(arena):
    first = build_table(arena)
    assert build_table(arena, sort="title").digest == first.digest
    score = Score.objects.filter(metric="error").first()
    Score.objects.filter(pk=score.pk).update(value=score.value + 1e-9)
    assert build_table(arena).digest != first.digest


def test_caption_stands_alone(arena):
    caption = build_table(arena).caption()
    for part in ("Sorting, setting default, scale full", "6 seeds", "Holm", "2026-03-01", "Abacus 3000",
                 build_table(arena).digest[:12]):
        assert part in caption
    assert "Nothing measured yet" in build_table(arena, scale="smoke").caption()


def test_an_arena_without_methods_is_an_empty_table():
    table = build_table(make_arena("empty"))
    assert table.rows == () and table.records() == [] and table.facts.measured == 0


def test_a_number_says_which_rates_its_seeds_chose_and_which_lie_at_the_end_of_the_grid():
    arena = make_arena()
    arena.scales["full"]["options"] = {"rates": [0.1, 0.001, 0.01], "encoder": {"rates": [0.0001, 0.1]}}
    arena.save()
    method = make_method(arena, "tuned")
    for seed, rate in enumerate([0.01, 0.01, 0.1]):
        add_runs(method, {"accuracy": [None] * seed + [50.0], "error": [None] * seed + [1.0]},
                 counts={"learning_rate": rate})
    cell = cell_runs(arena, method, "accuracy")
    assert cell.chosen.sentence == \
        "0.01 at 2 seeds, 0.1 at 1 seed (an end of the grid); the grid goes from 0.001 to 0.1"
    assert cell_record(cell)["chosen_rates"] == {"seeds": {"0.01": 2, "0.1": 1}, "grid": [0.001, 0.01, 0.1],
                                                 "at_an_end": 1}
    add_runs(make_method(arena, "plain"), {"accuracy": [1.0], "error": [1.0]})
    assert cell_runs(arena, arena.methods.get(slug="plain"), "accuracy").chosen is None


def test_a_large_table_takes_four_queries_and_little_time(django_assert_num_queries):
    arena = make_arena("large")
    generator = np.random.default_rng(0)
    for i in range(100):
        method = make_method(arena, f"method-{i}")
        runs = Run.objects.bulk_create([
            Run(method=method, seed=seed, state=Run.DONE, code_digest=method.code_digest, seconds=1.0,
                counts={"parameters": 10}) for seed in range(20)])
        Score.objects.bulk_create([Score(run=run, metric=metric, value=generator.normal(i))
                                   for run in runs for metric in ("accuracy", "error")])
    with django_assert_num_queries(4):
        table = build_table(arena, differences=True)
        table.records()
    assert len(table.rows) == 100 and table.rows[0].cells["accuracy"].n == 20


def test_the_url_is_the_whole_state(arena):
    text = "setting=harsh&metrics=error&metrics=accuracy&methods=plain,clever&sort=-year&vs=baseline"
    state = read_state(arena, QueryDict(text))
    assert state.metrics == ("error", "accuracy") and state.methods == ("plain", "clever")
    assert read_state(arena, QueryDict(state.query(arena))) == state
    assert read_state(arena, QueryDict("")).query(arena) == ""
    assert state.query(arena, sort="title", metrics=(), methods=(), vs="") == "setting=harsh&sort=title"
    with pytest.raises(TableError, match="view"):
        read_state(arena, QueryDict("view=pie"))


def test_an_order_by_a_column_that_is_not_shown_falls_back_to_best_first(arena):
    for text in ("sort=accuracy&view=settings", "sort=accuracy@harsh", "sort=-accuracy&metrics=error"):
        assert read_state(arena, QueryDict(text)).sort == ""
    for text in ("sort=accuracy@harsh&view=settings", "sort=-error&metrics=error", "sort=seconds"):
        assert read_state(arena, QueryDict(text)).sort != ""


def test_rounding_rule():
    assert decimals([71.3, 70.2], [1.2, 0.9, 1.4]) == 1
    assert decimals([71.3], [0.034]) == 3
    assert decimals([71.3], [14.0]) == 0
    assert decimals([0.001234]) == 5
    assert decimals([250000]) == 0
    assert decimals([], []) == 0
    assert plus_minus(71.26, 70.06, 72.46, 1) == "71.3 ± 1.2"
    assert plus_minus(71.26, None, None, 1) == "71.3"
    assert number(12345.6, 0) == "12,346"
    assert number(-0.001, 1) == "0.0" and number(-0.001, 1, signed=True) == "+0.0"
    assert number(0.26, 1, signed=True) == "+0.3" and number(None, 2) == "–"
