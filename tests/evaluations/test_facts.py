"""What evaluations tell the pages of days, weeks and months."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from evaluations.models import Run
from papers.shelf import periods
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db


def test_a_day_says_what_was_measured_then_also_elsewhere(client):
    arena, then = make_arena(), timezone.now() - timedelta(days=40)
    for slug in ("plain", "quick"):
        add_runs(make_method(arena, slug), {"accuracy": draws(70), "error": draws(1)})
    Run.objects.filter(method__slug="quick").update(finished_at=timezone.now())
    Run.objects.filter(method__slug="plain").update(origin="sorting.default.json.gz", finished_at=then)
    days = periods.around("day", timezone.localdate(then)), periods.around("day", timezone.localdate())
    old, today = (client.get(day.address).text for day in days)
    assert "6 runs of 1 method, all loaded from elsewhere." in old and "Plain: 6 runs (Sorting)" in old
    assert "6 runs of 1 method." in today and "Plain: 6 runs" not in today and "Quick: 6 runs" in today
    assert days[1].address in old and days[0].address in today, "each is the other's neighbour"
    month = client.get(f"/api/periods/day/{days[0].name}").json()
    assert month["happened"][0]["sum"].startswith("6 runs")
    assert "Nothing then." in client.get(f"/days/{timezone.localdate(then) - timedelta(days=1)}/").text
