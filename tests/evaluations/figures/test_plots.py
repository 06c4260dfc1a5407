"""Plot geometry: what is drawn lies in the frame and where the numbers say."""

import pytest

from evaluations.arithmetic.fronts import pareto_front
from evaluations.arithmetic.ranks import compare_ranks
from evaluations.figures.asked import Asked
from evaluations.figures.figure import NothingToDraw
from evaluations.figures.kinds import cost
from evaluations.figures.plots.axes import ONE_LINE, label_of, nice_ticks, within_reach
from evaluations.figures.plots.intervals import interval_plot
from evaluations.figures.plots.ranks import rank_plot
from evaluations.tables.build import build_table
from evaluations.tables.state import default_state
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
    assert [row.label.first for row in plot.rows] == ["Good", "Plain", "Weak"]
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
    assert [row.label.first for row in plot.rows] == ["Good", "Plain", "Weak"]
    assert plot.rows[0].x < plot.rows[2].x


def test_a_wild_interval_is_cut_and_far_chance_is_said_instead_of_drawn(db):
    arena = make_arena("narrow")
    add_runs(make_method(arena, "plain"), {"accuracy": [90.0, 91.0], "error": [1.0, 2.0]})
    add_runs(make_method(arena, "steady"), {"accuracy": draws(90, noise=0.1), "error": draws(1)})
    add_runs(make_method(arena, "single"), {"accuracy": [90.5], "error": [1.0]})
    table = build_table(arena)
    plot = interval_plot(table, table.primary)
    wild = next(row for row in plot.rows if row.method == "plain")
    assert wild.cut_left and wild.cut_right and plot.left <= wild.left < wild.right <= plot.right
    assert next(row for row in plot.rows if row.method == "single").left is None
    assert "Chance, 10 %, lies outside" in " ".join(plot.notes) and [line.name for line in plot.lines] == ["baseline"]


def test_identical_scores_and_nothing_at_all(db):
    arena = make_arena("flat")
    add_runs(make_method(arena, "plain"), {"accuracy": [0.0, 0.0], "error": [0.0, 0.0]})
    table = build_table(arena)
    assert interval_plot(table, table.column("error")).rows[0].x > 0
    empty = build_table(arena, setting="harsh")
    assert interval_plot(empty, empty.primary) is None


def test_pareto_front():
    assert pareto_front([1, 2, 3, 4], [10, 9, 20, 20], "higher") == [0, 2]
    assert pareto_front([1, 2, 3, 4], [10, 9, 20, 5], "lower") == [0, 1, 3]
    assert pareto_front([1, 1], [5, 6], "higher") == [1]


def cost_figure(arena, **options):
    return cost.draw(Asked(arena, default_state(arena), options))


def test_quality_against_cost(arena):
    figure = cost_figure(arena)
    plot = figure.plot
    assert "On the front, from cheap to good: Plain, Good." in figure.description and not plot.logarithmic
    by_name = {point.name: point for point in plot.points}
    assert by_name["good"].y < by_name["plain"].y < by_name["weak"].y
    assert by_name["weak"].x > by_name["good"].x > by_name["plain"].x
    assert by_name["weak"].mark == "mark dim" and by_name["good"].mark == by_name["plain"].mark == "mark"
    assert by_name["plain"].strong and by_name["plain"].label == "Plain (baseline)" and by_name["good"].label == "Good"
    for point in plot.points:
        assert plot.left <= point.x <= plot.right and plot.top <= point.y <= plot.bottom
    assert {record["method"]: record["front_chance"] for record in figure.records} == {"plain": 1, "good": 1, "weak": 0}


def test_any_cost_that_tells_methods_apart_stands_on_x(arena):
    add_runs(make_method(arena, "large"), {"accuracy": draws(80), "error": draws(1)}, seconds=9.0,
             counts={"parameters": 9000, "gradients": 50})
    assert [key for key, _ in cost.choices(Asked(arena, default_state(arena)))["x"]] == ["seconds", "parameters"]
    figure = cost_figure(arena, x="parameters")
    assert figure.plot.x_axis == "Parameters" and figure.plot.logarithmic
    with pytest.raises(ValueError, match="there is no cost gradients to put on x; there are seconds, parameters"):
        cost_figure(arena, x="gradients")


def test_costs_that_agree_to_two_digits_are_equal(db):
    arena = make_arena("even")
    add_runs(make_method(arena, "plain"), {"accuracy": draws(50), "error": draws(1)}, seconds=1.001)
    add_runs(make_method(arena, "good"), {"accuracy": draws(60), "error": draws(1)}, seconds=1.004)
    assert "from cheap to good: Good." in cost_figure(arena).description


def test_a_place_on_the_front_that_luck_decides_is_hollow_with_its_share(db):
    arena = make_arena("close")
    for slug, scores in (("plain", [1, 2, 3, 4, 5, 6]), ("near", [2, 1, 4, 3, 6, 5.5])):
        add_runs(make_method(arena, slug), {"accuracy": scores, "error": [1.0] * 6}, seconds=1.0 + (slug == "near"))
    by_name = {record["method"]: record for record in cost_figure(arena).records}
    assert by_name["plain"]["front_chance"] == 1 and 0.3 < by_name["near"]["front_chance"] < 0.8
    marks = {point.name: (point.mark, point.label) for point in cost_figure(arena).plot.points}
    assert marks["plain"][0] == "mark" and marks["near"][0] == "mark hollow" and marks["near"][1].endswith("%")


def test_a_figure_without_two_costs_says_so(db):
    arena = make_arena("flat")
    add_runs(make_method(arena, "plain"), {"accuracy": draws(50), "error": draws(1)})
    with pytest.raises(NothingToDraw, match="no two methods with different costs"):
        cost_figure(arena)


def test_wide_costs_take_a_log_scale(arena):
    add_runs(make_method(arena, "slow"), {"accuracy": draws(80), "error": draws(1)}, seconds=100.0)
    figure = cost_figure(arena)
    assert figure.plot.logarithmic and "axis is logarithmic" in figure.caption
    assert [tick.text for tick in figure.plot.x_ticks][:2] == ["1", "2"]


def test_a_far_mean_is_an_arrow_and_does_not_squeeze_the_others(arena):
    for i in range(4):
        add_runs(make_method(arena, f"near-{i}"), {"accuracy": draws(60 + i, seed=i), "error": draws(1)})
    add_runs(make_method(arena, "lost"), {"accuracy": draws(-900), "error": draws(1)})
    table = build_table(arena)
    plot = interval_plot(table, table.primary)
    lost = next(row for row in plot.rows if row.method == "lost")
    assert lost.arrow and lost.outside.startswith(("-899", "-900")) and lost.left is None and lost.x == pytest.approx(
        plot.left + 10, abs=0.1)
    assert "1 far from the others lies beyond the frame" in " ".join(plot.notes)
    others = [row.x for row in plot.rows if row.method != "lost"]
    assert max(others) - min(others) > 200
    assert within_reach([1, 2, 3]) == (1, 3) and within_reach([1, 2, 3, 4, 99]) == (1, 4)


@pytest.mark.parametrize("title", ["Short", "Joint training (reference: all pictures kept, three times the budget)",
                                   "x" * ONE_LINE, "SLCA (slow learner with classifier alignment)"])
def test_names_are_whole(title):
    label = label_of(title)
    assert f"{label.first} {label.second}".strip() == title
    assert bool(label.second) == (len(title) > ONE_LINE)


def test_rank_plot(arena):
    table = build_table(arena)
    titles = {row.method: row.title for row in table.rows}
    plot = rank_plot(compare_ranks(table.values("accuracy")), titles, "seeds")
    assert [label.label.first for label in plot.labels] == ["Good", "Plain", "Weak"]
    assert plot.labels[0].x == plot.left and plot.labels[2].x == plot.right
    ruler = plot.cd[1] - plot.cd[0]
    assert ruler == pytest.approx((plot.right - plot.left) / 2 * plot.comparison.critical_difference, abs=0.1)
    assert all(bar.left >= plot.left - 4 and bar.left + bar.width <= plot.right + 4 for bar in plot.bars)
    assert rank_plot(None, titles, "seeds") is None


def test_ticks_are_round_and_inside():
    assert nice_ticks(0, 10) == [(0, "0"), (2, "2"), (4, "4"), (6, "6"), (8, "8"), (10, "10")]
    assert [text for _, text in nice_ticks(-0.02, 0.021)] == ["-0.02", "-0.01", "0.00", "0.01", "0.02"]
    assert [text for _, text in nice_ticks(0.9, 120, logarithmic=True)] == ["1", "2", "5", "10", "20", "50", "100"]
    assert [text for _, text in nice_ticks(1, 1e6, logarithmic=True)][:3] == ["1", "10", "100"]
    for low, high in ((0.001, 0.0013), (1e6, 9e6), (-3, -1)):
        ticks = nice_ticks(low, high)
        assert 3 <= len(ticks) <= 8 and all(low - 1e-9 <= value <= high + 1e-9 for value, _ in ticks)
