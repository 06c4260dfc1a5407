"""Plot geometry: what is drawn lies in the frame and where the numbers say."""

import pytest

from evaluations.arithmetic.ranks import compare_ranks
from evaluations.tables.build import build_table
from evaluations.tables.plots.axes import nice_ticks
from evaluations.tables.plots.cost import cost_plot, pareto_front
from evaluations.tables.plots.intervals import interval_plot
from evaluations.tables.plots.ranks import rank_plot
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method


@pytest.fixture
def arena(db):
    arena = make_arena()
    for i, (slug, mean) in enumerate([("plain", 50), ("good", 70), ("weak", 30)]):
        add_runs(make_method(arena, slug), {"accuracy": draws(mean, seed=i), "error": draws(100 - mean, seed=i)},
                 seconds=1.0 + i)
    make_method(arena, "idle")
    return arena


def test_interval_plot_orders_by_quality_and_stays_in_its_frame(arena):
    table = build_table(arena)
    plot = interval_plot(table, table.primary)
    assert [row.label for row in plot.rows] == ["Good", "Plain", "Weak"]
    assert plot.rows[0].x > plot.rows[1].x > plot.rows[2].x
    assert [row.first_tier for row in plot.rows] == [True, False, False]
    for row in plot.rows:
        assert plot.left <= row.left <= row.x <= row.right <= plot.right
        assert all(plot.left <= seed <= plot.right for seed in row.seeds) and len(row.seeds) == 6
    baseline = next(line for line in plot.lines if line.name == "baseline")
    assert baseline.x == plot.rows[1].x and "First tier: Good" in plot.description
    assert [line.name for line in plot.lines] == ["baseline", "chance"]


def test_lower_is_better_is_drawn_best_on_top(arena):
    table = build_table(arena, metrics=["error"])
    plot = interval_plot(table, table.primary)
    assert [row.label for row in plot.rows] == ["Good", "Plain", "Weak"]
    assert plot.rows[0].x < plot.rows[2].x


def test_a_wild_interval_is_cut_and_far_chance_is_said_instead_of_drawn(db):
    arena = make_arena("narrow")
    add_runs(make_method(arena, "plain"), {"accuracy": [90.0, 91.0], "error": [1.0, 2.0]})
    add_runs(make_method(arena, "steady"), {"accuracy": draws(90, noise=0.1), "error": draws(1)})
    add_runs(make_method(arena, "single"), {"accuracy": [90.5], "error": [1.0]})
    table = build_table(arena)
    plot = interval_plot(table, table.primary)
    wild = next(row for row in plot.rows if row.label == "Plain")
    assert wild.cut_left and wild.cut_right and plot.left <= wild.left < wild.right <= plot.right
    assert next(row for row in plot.rows if row.label == "Single").left is None
    assert "Chance, 10 %, lies outside" in plot.note and [line.name for line in plot.lines] == ["baseline"]


def test_identical_scores_and_nothing_at_all(db):
    arena = make_arena("flat")
    add_runs(make_method(arena, "plain"), {"accuracy": [0.0, 0.0], "error": [0.0, 0.0]})
    table = build_table(arena)
    assert interval_plot(table, table.column("error")).rows[0].x > 0
    assert cost_plot(table, table.primary) is None
    empty = build_table(arena, setting="harsh")
    assert interval_plot(empty, empty.primary) is None


def test_pareto_front():
    assert pareto_front([1, 2, 3, 4], [10, 9, 20, 20], "higher") == [0, 2]
    assert pareto_front([1, 2, 3, 4], [10, 9, 20, 5], "lower") == [0, 1, 3]
    assert pareto_front([1, 1], [5, 6], "higher") == [1]


def test_cost_plot(arena):
    table = build_table(arena)
    plot = cost_plot(table, table.primary)
    assert plot.front_names == ("Plain", "Good") and not plot.logarithmic
    by_label = {point.label: point for point in plot.points}
    assert by_label["Good"].y < by_label["Plain"].y < by_label["Weak"].y
    assert by_label["Weak"].x > by_label["Good"].x > by_label["Plain"].x
    assert by_label["Weak"].label_y is None and by_label["Plain"].is_baseline
    for point in plot.points:
        assert plot.left <= point.x <= plot.right and plot.top <= point.y <= plot.bottom


def test_costs_that_agree_to_two_digits_are_equal(db):
    arena = make_arena("even")
    add_runs(make_method(arena, "plain"), {"accuracy": draws(50), "error": draws(1)}, seconds=1.001)
    add_runs(make_method(arena, "good"), {"accuracy": draws(60), "error": draws(1)}, seconds=1.004)
    table = build_table(arena)
    assert cost_plot(table, table.primary).front_names == ("Good",)


def test_wide_costs_take_a_log_scale(arena):
    add_runs(make_method(arena, "slow"), {"accuracy": draws(80), "error": draws(1)}, seconds=100.0)
    table = build_table(arena)
    plot = cost_plot(table, table.primary)
    assert plot.logarithmic and "log scale" in plot.x_axis
    assert [tick.text for tick in plot.x_ticks][:2] == ["1", "2"]


def test_rank_plot(arena):
    table = build_table(arena)
    titles = {row.method: row.title for row in table.rows}
    plot = rank_plot(compare_ranks(table.values("accuracy")), titles, "seeds")
    assert [label.label for label in plot.labels] == ["Good", "Plain", "Weak"]
    assert plot.labels[0].x == plot.left and plot.labels[2].x == plot.right
    ruler = plot.cd[1] - plot.cd[0]
    assert ruler == pytest.approx((plot.right - plot.left) / 2 * plot.comparison.critical_difference, abs=0.1)
    assert all(bar.left >= plot.left - 4 and bar.left + bar.width <= plot.right + 4 for bar in plot.bars)
    assert rank_plot(None, titles, "seeds") is None


def test_ticks_are_round_and_inside():
    assert nice_ticks(0, 10) == [(0, "0"), (2, "2"), (4, "4"), (6, "6"), (8, "8"), (10, "10")]
    assert [text for _, text in nice_ticks(-0.02, 0.021)] == ["-0.02", "-0.01", "0.00", "0.01", "0.02"]
    assert [text for _, text in nice_ticks(0.9, 120, logarithmic=True)] == ["1", "2", "5", "10", "20", "50", "100"]
    for low, high in ((0.001, 0.0013), (1e6, 9e6), (-3, -1)):
        ticks = nice_ticks(low, high)
        assert 3 <= len(ticks) <= 8 and all(low - 1e-9 <= value <= high + 1e-9 for value, _ in ticks)
