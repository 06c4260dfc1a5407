"""The statistics pages: ranks over blocks, chances to improve, profiles, reliability, and arenas beside each other."""

from __future__ import annotations

import re

import pytest

from evaluations.arenas.across import ARENAS, SETTINGS, across, shared_methods
from evaluations.arithmetic import statistics
from evaluations.arithmetic.reliability import reliability_of
from evaluations.arithmetic.statistics import Interval
from evaluations.figures.plots.lines import profile_plot, three_points
from evaluations.figures.plots.rows import improvement_plot, ladder
from evaluations.tables.build import TableError
from evaluations.tables.state import TableState
from evaluations.tables.statistics import arena_statistics, improvements, rank_reading
from methods.models import Method
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db

MAIN = TableState("default")
METRIC = {"unit": "%", "chance": None, "ceiling": None, "help": ""}


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def fill(arena, means, *, seeds=6, settings=("default",), noise=0.5, first=0):
    for i, (slug, mean) in enumerate(means.items()):
        method = Method.objects.filter(arena=arena, slug=slug).first() or make_method(arena, slug)
        for setting in settings:
            add_runs(method, {"accuracy": draws(mean, seeds, noise=noise, seed=first + i),
                              "error": draws(100 - mean, seeds, noise=noise, seed=first + i)}, setting=setting)


@pytest.fixture
def arena():
    arena = make_arena()
    fill(arena, {"plain": 50, "good": 70, "twin": 70, "weak": 30}, settings=("default", "harsh"))
    make_method(arena, "idle")
    return arena


# --- reliability ----------------------------------------------------------------------------------

def test_reliability_says_seeds_halves_and_goal():
    clear = reliability_of({name: dict(enumerate(draws(mean, 20, seed=mean))) for name, mean in
                            (("a", 10), ("b", 20), ("c", 30))})
    assert clear.enough and clear.value == pytest.approx(1)
    assert "10 each of the 20 that 3 methods share" in clear.sentence and "the same story" in clear.sentence
    luck = reliability_of({f"m{i}": dict(enumerate(draws(0, 20, seed=i))) for i in range(12)})
    assert not luck.enough and "below the goal of 0.8" in luck.sentence and "not settled" in luck.sentence


@pytest.mark.parametrize(("values", "said"), [
    ({}, "there are 0 with 0"), ({"a": {0: 1.0}, "b": {0: 2.0}}, "there are 2 with 1"),
    ({name: dict.fromkeys(range(6), 1.0) for name in "abc"}, "no order of methods to repeat")])
def test_reliability_that_cannot_be_had_says_why(values, said):
    found = reliability_of(values)
    assert found.value is None and not found.enough and said in found.sentence


def test_a_method_barely_begun_does_not_spoil_it():
    values = {name: dict(enumerate(draws(mean, 20))) for name, mean in (("a", 1), ("b", 2), ("c", 3))}
    assert reliability_of({**values, "new": {0: 1.0}}).seeds == 20


def test_the_arena_page_says_it(arena, client):
    shown = text_of(client.get("/arenas/sorting/"))
    assert "Two halves of the seeds, 3 each of the 6 that 4 methods share, rank the methods with a correlation" in shown
    assert "/arenas/sorting/statistics/" in client.get("/arenas/sorting/").content.decode()


# --- ranks ----------------------------------------------------------------------------------------

def test_ranks_over_seeds_in_words(arena):
    found = arena_statistics(arena, MAIN).over_seeds
    assert found.comparison.names[-1] == "weak" and set(found.comparison.names[:2]) == {"good", "twin"}
    said = " ".join(found.sentences)
    assert "Friedman with Nemenyi over 6 seeds and 4 methods" in said and "at least two methods differ" in said
    assert "has the best average rank" in said


def test_direction_turns_the_ranks_round(arena):
    by_error = arena_statistics(arena, TableState("default", metrics=("error",)))
    assert by_error.over_seeds.comparison.names[-1] == "weak"
    assert by_error.improvements[-1].method == "weak" and by_error.improvements[-1].chance.mean == 0


def test_too_few_blocks_and_methods_are_said(arena):
    one = arena_statistics(arena, TableState("default", methods=("good",)))
    assert one.over_seeds.comparison is None and "takes two methods and two seeds" in one.over_seeds.sentences[0]
    two = arena_statistics(arena, TableState("default", methods=("good", "weak")))
    assert "the smallest p this test can give is 0.5" in " ".join(two.over_settings.sentences)
    assert "with only 2 settings" in " ".join(arena_statistics(arena, MAIN).over_settings.sentences)


def test_missing_cells_are_named(arena):
    fill(arena, {"late": 60}, seeds=2)
    fill(arena, {"half": 60}, seeds=4)
    found = arena_statistics(arena, MAIN)
    assert found.over_seeds.left_out == ("Late",) and len(found.over_seeds.comparison.blocks) == 4
    assert set(found.over_settings.left_out) == {"Half", "Late"}
    assert "Left out, with too few scores: Late" in " ".join(found.over_seeds.sentences)
    assert "Not used are the seeds in which not every method was measured: 4, 5." in found.over_seeds.sentences


def test_ties_everywhere_separate_nothing():
    values = {name: dict.fromkeys(range(8), 1.0) for name in "abc"}
    found = rank_reading(values, "higher", "nemenyi", blocks="seeds", titles=dict(zip("abc", "ABC", strict=True)))
    assert found.comparison.p_value == 1 and set(found.comparison.average_ranks) == {2.0}
    assert "no method can be told from another by rank" in found.sentences[0]


def test_wilcoxon_holm_and_its_limit(arena):
    found = arena_statistics(arena, MAIN, posthoc="wilcoxon-holm").over_seeds
    assert found.comparison.test == "Friedman with Wilcoxon-Holm" and found.comparison.critical_difference is None
    many = {f"m{i}": {0: 1.0, 1: 2.0} for i in range(25)}
    assert "too many for Wilcoxon-Holm" in rank_reading(many, "higher", "wilcoxon-holm", blocks="seeds",
                                                        titles={}).sentences[0]


def test_bars_of_the_ladder_overlap_exactly_where_ranks_do_not_differ():
    values = {f"m{i}": {seed: i * 0.4 + value for seed, value in enumerate(draws(0, 12, noise=1, seed=i))}
              for i in range(8)}
    found = rank_reading(values, "higher", "nemenyi", blocks="seeds", titles={name: name for name in values})
    c = found.comparison
    assert c.p_value < 0.05
    rows = ladder(c, found.titles, "seeds").rows
    for i, a in enumerate(rows):
        for j, b in enumerate(rows[i + 1:], start=i + 1):
            apart = c.average_ranks[j] - c.average_ranks[i] > c.critical_difference
            assert (b.left > a.right) == apart


def test_false_alarms_of_the_rank_test_are_rare():
    alarms = 0
    for trial in range(300):
        values = {f"m{i}": dict(enumerate(draws(0, 10, seed=1000 * trial + i))) for i in range(5)}
        alarms += rank_reading(values, "higher", "nemenyi", blocks="seeds", titles={}).comparison.p_value <= 0.05
    assert alarms / 300 < 0.09


# --- chances and profiles -------------------------------------------------------------------------

def test_chance_to_improve():
    values = {"base": {0: 1.0, 1: 2.0}, "up": {0: 3.0, 1: 4.0}, "tie": {0: 1.0, 1: 2.0}, "down": {0: 0.0, 1: 0.5}}
    titles = {name: name.capitalize() for name in values}
    found = {each.method: each.chance.mean for each in improvements(values, "base", "higher", titles)}
    assert found == {"up": 1.0, "tie": 0.5, "down": 0.0}
    turned = improvements(values, "base", "lower", titles)
    assert [each.method for each in turned] == ["down", "tie", "up"]
    plot = improvement_plot([("up", Interval(0.9, 0.6, 1.0, 5)), ("tie", Interval(0.5, 0.2, 0.8, 5))], "Base", titles)
    assert [row.strong for row in plot.rows] == [True, False] and plot.rows[0].left > plot.line > plot.rows[1].left
    assert improvement_plot([], "Base", titles) is None


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_profiles_hold_up_to_each_score(better):
    values = {"a": {0: 1.0, 1: 3.0}, "b": {0: 2.0, 1: 2.0}}
    plot = profile_plot(values, {"a": "A", "b": "B"}, better, "Score", 1)
    for line, of in zip(plot.lines, values.values(), strict=True):
        points = [tuple(map(float, point.split(","))) for point in line.points.split()]
        assert points[0][1] == plot.top and points[-1][1] == plot.bottom, "from all runs to none"
        assert [x for x, _ in points] == sorted(x for x, _ in points)
        heights = {round((plot.bottom - y) / (plot.bottom - plot.top), 6) for _, y in points}
        assert heights == {round(share, 6) for share in (0, *statistics.performance_profile(
            list(of.values()), sorted(of.values()), better), 1)}
    assert three_points([1.0, 3.0], better) == ((1.0, 2.0, 3.0) if better == "higher" else (3.0, 2.0, 1.0))
    assert profile_plot({}, {}, "higher", "Score", 1) is None
    assert profile_plot({"a": {0: 0.0}}, {"a": "A"}, "higher", "Score", 1).lines


def test_the_baseline_is_always_among_the_profiles(arena):
    fill(arena, {f"better-{i}": 80 + i for i in range(6)})
    found = arena_statistics(arena, MAIN)
    assert len(found.profiles) == 5 and found.profiles[-1] == "plain" and found.profiles[0] == "better-5"


# --- the arena's page -----------------------------------------------------------------------------

def test_the_page(arena, client, django_assert_max_num_queries):
    with django_assert_max_num_queries(25):
        answer = client.get("/arenas/sorting/statistics/")
    shown, html = text_of(answer), answer.content.decode()
    for part in ("Would other seeds tell the same story?", "Average ranks over seeds", "Average ranks over settings",
                 "Chance to do better than Plain", "Performance profiles", "Friedman with Nemenyi over 6 seeds"):
        assert part in shown, part
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids)) and "style=" not in html and "onclick" not in html
    drawn = re.findall(r'<svg viewBox="[^"]+" role="(img|group)" aria-labelledby', html)
    assert len(drawn) == html.count("<desc id=") >= 5
    assert re.search(r"<title>Good: [\d.]+, 95 % interval", html)


def test_the_page_follows_its_address(arena, client):
    query = "setting=harsh&metrics=error&methods=plain,weak&against=weak"
    shown = text_of(client.get(f"/arenas/sorting/statistics/?{query}"))
    assert "Error in setting harsh" in shown and "Chance to do better than Weak" in shown
    assert "Only 2 chosen methods take part" in shown
    for query, said in (("setting=odd", "no setting odd"), ("against=idle", "idle has no scores here"),
                        ("posthoc=dice", "no post-hoc dice"), ("metrics=speed", "no metric speed")):
        answer = client.get(f"/arenas/sorting/statistics/?{query}")
        assert answer.status_code == 400 and said in text_of(answer)
        assert said in client.get(f"/api/arenas/sorting/statistics?{query}").json()["detail"]
    assert client.get("/arenas/nowhere/statistics/").status_code == 404


def test_an_arena_without_runs(client):
    make_method(make_arena("fresh"), "plain")
    answer = client.get("/arenas/fresh/statistics/")
    assert answer.status_code == 200 and "there are 0 methods" in text_of(answer)


def test_stale_scores_do_not_count(arena):
    arena.methods.filter(slug="good").update(code_digest="new")
    found = arena_statistics(arena, MAIN)
    assert "good" not in found.over_seeds.comparison.names and "good" not in found.profiles
    with pytest.raises(TableError, match="good has no scores"):
        arena_statistics(arena, MAIN, against="good")


def test_the_api(arena, client):
    found = client.get("/api/arenas/sorting/statistics?metrics=error").json()
    assert found["metric"] == "error" and found["over_seeds"]["p_value"] < 0.05
    assert set(found["over_seeds"]["average_ranks"]) == {"plain", "good", "twin", "weak"}
    assert found["improvements"][-1]["probability"] == 0 and found["reliability"]["seeds"] == 6
    assert found["resolution"]["pairs"] == 6 and 0 < found["resolution"]["separated"] < 1
    assert found["resolution"]["tiers"] > 1 and found["resolution"]["tested"] == found["resolution"]["decided"] == 0


# --- across arenas --------------------------------------------------------------------------------

@pytest.fixture
def juggling(arena):
    """A second arena, of a metric that is better when lower, with three methods of the first one."""
    other = make_arena("juggling", metrics=[{**METRIC, "name": "drops", "title": "Drops", "better": "lower"}])
    for i, (slug, mean) in enumerate([("plain", 50), ("good", 30), ("weak", 70)]):
        add_runs(make_method(other, slug), {"drops": draws(mean, seed=i)})
    make_method(other, "lonely")
    return other


def test_shared_methods_are_known_by_slug_or_title(arena):
    other = make_arena("other")
    for slug, title in (("good", "Something else"), ("also-weak", "WEAK"), ("alone", "Alone")):
        make_method(other, slug, title=title)
    found = shared_methods(Method.objects.all())
    assert {key: [m.slug for m in of] for key, of in found.items()} == {
        "good": ["good", "good"], "also-weak": ["also-weak", "weak"]}


def test_arenas_at_a_glance(juggling):
    lines = {line.arena.slug: line for line in across().arenas}
    assert (lines["sorting"].methods, lines["sorting"].measured, lines["sorting"].seeds) == (5, 4, 6)
    assert lines["sorting"].p_value < 0.05 and lines["sorting"].reliability.methods == 4


def test_blocks_keep_their_own_direction(juggling):
    found = across()
    assert found.chosen == ("good", "plain", "weak") and found.reading.comparison.blocks == ("Juggling", "Sorting")
    assert dict(zip(found.reading.comparison.names, found.reading.comparison.average_ranks, strict=True)) == {
        "good": 1, "plain": 2, "weak": 3}
    assert any("with only 2 arenas" in sentence for sentence in found.reading.sentences)
    pairs = {(pair.ours, pair.theirs): pair for pair in found.pairs}
    assert pairs["Good", "Plain"].wins == ("Sorting", "Juggling") or pairs["Good", "Plain"].wins == (
        "Juggling", "Sorting")
    assert not pairs["Good", "Weak"].losses
    good = next(each for each in found.shared if each.key == "good")
    assert {(place.arena, place.tier, place.rivals) for place in good.places} == {("sorting", 1, 3), ("juggling", 1, 2)}


def test_settings_as_blocks(juggling):
    found = across(["good", "weak"], SETTINGS)
    assert found.reading.comparison.dropped_blocks == () and set(found.reading.comparison.blocks) == {
        "Juggling", "Sorting", "Sorting, harsh"}
    assert across(["good", "weak"], ARENAS).reading.comparison.names == ("good", "weak")


def test_names_that_are_not_shared(juggling, client):
    found = across(["lonely"])
    assert "No two arenas share lonely" in found.problem and found.chosen == ("good", "plain", "weak")
    assert "No two arenas share lonely" in text_of(client.get("/compare/?methods=lonely"))
    alone = across(["good"])
    assert alone.reading.comparison is None and "takes two methods" in alone.reading.sentences[0]


def test_the_compare_page(juggling, client, django_assert_max_num_queries):
    with django_assert_max_num_queries(11):
        client.get("/compare/?methods=good&methods=weak&blocks=settings")
    with django_assert_max_num_queries(5):  # nothing has changed since
        answer = client.get("/compare/?methods=good&methods=weak&blocks=settings")
    shown, html = text_of(answer), answer.content.decode()
    assert "Every arena at a glance" in shown and "Good against Weak: better in" in shown
    assert 'value="weak" checked' in html and 'value="plain" checked' not in html and "style=" not in html
    assert "/arenas/juggling/statistics/" in html
    data = client.get("/api/compare?methods=good&methods=weak").json()
    assert data["chosen"] == ["good", "weak"] and data["reading"]["average_ranks"] == {"good": 1, "weak": 2}
    assert client.get("/api/compare?blocks=odd").status_code == 400


def test_the_compare_page_of_an_empty_library(client):
    shown = text_of(client.get("/compare/"))
    assert "There are no arenas yet" in shown and "No method runs in more than one arena yet" in shown
