"""Forest plots: where claims lie, what is cut, what words say the same, and where they are drawn."""

import re
from xml.etree import ElementTree

import pytest
from django.urls import reverse

from evaluations.claims.verdicts import ClaimStanding, claim_list, update_verdicts
from evaluations.figures.plots.forest import forest_plots
from evaluations.models import Claim, Verdict
from methods.models import Arena, Method
from tests.evaluations.claims.test_verdicts import claim_beats
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

METRICS = [{"name": "accuracy", "title": "Accuracy", "unit": "%"}, {"name": "spread", "title": "Spread", "unit": ""}]


def standing(difference, low, high, *, metric="accuracy", status="confirmed", stale=False, pk=1, title="A"):
    method = Method(arena=Arena(slug="sorting", metrics=METRICS), slug="a", title=title)
    claim = Claim(pk=pk, method=method, sentence="better than b", setting="default", metric=metric)
    return ClaimStanding(claim, Verdict(difference=difference, low=low, high=high, n=5, status=status), stale)


def test_zero_divides_support_from_its_opposite_in_true_proportion():
    [plot] = forest_plots([standing(-2, -3, -1, status="refuted", pk=2), standing(4, 3, 5)])
    first, second = plot.rows
    assert (first.claim, second.claim) == (1, 2)  # the largest lead on top
    assert second.x < plot.zero < first.x and first.y < second.y
    unit = (first.x - plot.zero) / 4
    assert plot.zero - second.x == pytest.approx(2 * unit, abs=0.05)
    assert (first.right - first.left) == pytest.approx(2 * unit, abs=0.05)
    assert first.left > plot.zero and second.right < plot.zero
    assert plot.left <= min(row.left for row in plot.rows) and max(row.right for row in plot.rows) <= plot.right
    assert [tick.text for tick in plot.ticks if tick.at == plot.zero] == ["0"]


def test_a_plot_per_unit_and_the_unmeasured_are_counted_not_drawn():
    idle = ClaimStanding(standing(0, 0, 0).claim, None)
    percent, spread = forest_plots([standing(1, 0, 2), standing(3, 2, 4, metric="spread"), idle])
    assert percent.axis.startswith("measured paired difference in %") and "in spread" in spread.axis
    assert (percent.idle, spread.idle) == (1, 0) and len(percent.rows) == 1
    assert percent.key != spread.key
    assert forest_plots([idle]) == () == forest_plots([])


def test_a_wide_interval_is_cut_at_the_frame_and_marked():
    wide = standing(2, -500, 504, status="inconclusive", pk=2)
    [whole] = forest_plots([standing(1, 0.9, 1.1), wide])
    assert not any(row.cut_left or row.cut_right for row in whole.rows)
    [plot] = forest_plots([standing(1, 0.9, 1.1), wide, standing(1.2, 1.1, 1.3, pk=3), standing(1.5, 1, 2, pk=4)])
    wide = next(row for row in plot.rows if row.claim == 2)
    assert wide.cut_left and wide.cut_right and plot.left < wide.left < wide.right <= plot.right
    sharp = next(row for row in plot.rows if row.claim == 1)
    assert not sharp.cut_left and sharp.right - sharp.left > 5  # still to be seen


def test_words_say_what_the_picture_shows():
    [plot] = forest_plots([standing(1.25, 0.5, 2, title="Focal"), standing(-3, -4, -2, status="refuted", stale=True)])
    assert plot.description == (
        "2 claims: 1 confirmed, 1 refuted. Right of zero supports the claim. From Focal: better than b, +1.25 %, "
        "95 % interval +0.50 to +2.00, 5 seeds, confirmed to A: better than b, -3.00 %, 95 % interval -4.00 to -2.00, "
        "5 seeds, refuted.")
    assert [row.stale for row in plot.rows] == [False, True]


def test_equal_differences_without_spread_are_drawn():
    [plot] = forest_plots([standing(0, 0, 0, status="inconclusive")])
    assert plot.rows[0].x == plot.rows[0].left == plot.rows[0].right == plot.zero


@pytest.mark.django_db
def test_the_plot_stands_on_the_arena_page_and_in_the_ledger_of_one_arena(client):
    arena = make_arena()
    add_runs(make_method(arena, "plain"), {"accuracy": draws(50, seed=1), "error": [1.0] * 6})
    for slug, mean in (("good", 60), ("bad", 40), ("same & so", 50)):
        method = make_method(arena, slug.split()[0], title=slug)
        add_runs(method, {"accuracy": draws(mean, seed=mean), "error": [1.0] * 6})
        claim_beats(method)
    update_verdicts(arena=arena)
    for address in (reverse("arena_detail", args=["sorting"]), reverse("claim_list") + "?arena=sorting"):
        page = client.get(address).content.decode()
        [svg] = [s for s in re.findall(r"<svg.*?</svg>", page, re.DOTALL) if "figure-forest-0-title" in s]
        drawn = ElementTree.fromstring(svg)
        assert drawn.get("aria-labelledby") == "figure-forest-0-title figure-forest-0-text"
        links = [element.get("href") for element in drawn.iter("a")]
        assert sorted(links) == sorted(reverse("claim_detail", args=[s.claim.pk]) for s in claim_list())
        assert len(list(drawn.iter("rect"))) == 1  # the refuted one is a square
        assert "same &amp; so" in svg
    assert "figure-forest-0" not in client.get(reverse("claim_list")).content.decode()


def test_a_far_difference_is_an_arrow_and_does_not_squeeze_the_others():
    near = [standing(1 + pk / 10, 1, 1.5, pk=pk) for pk in range(1, 7)]
    [plot] = forest_plots([*near, standing(-40, -42, -38, status="refuted", pk=9)])
    far = next(row for row in plot.rows if row.claim == 9)
    assert far.outside.startswith("-40") and far.arrow and far.x < plot.zero and plot.left <= far.x
    others = [row for row in plot.rows if row.claim != 9]
    assert not any(row.outside for row in others)
    assert max(row.x for row in others) - plot.zero > 100, "zero and the near ones share the frame"
