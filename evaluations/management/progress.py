"""Waiting for runs, with a line whenever something moved: shared by the commands that queue them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from django.db.models import Avg

from evaluations.models import Run

EVERY = 0.5  # seconds


def follow(pks: Sequence[int], say: Callable[[str], None]) -> dict[str, int]:
    """Wait until none of the runs is active; their number by state."""
    runs, said = Run.objects.filter(pk__in=pks), ""
    while True:
        counts = Counter(runs.values_list("state", flat=True))
        share = runs.aggregate(share=Avg("progress"))["share"] or 0.0
        line = f"{counts[Run.DONE]} of {len(pks)} done, {counts[Run.RUNNING]} running, " \
               f"{counts[Run.FAILED]} failed, {counts[Run.CANCELLED]} cancelled ({share:.0%})"
        if line != said:
            say(line)
            said = line
        if not counts[Run.QUEUED] and not counts[Run.RUNNING]:
            return dict(counts)
        time.sleep(EVERY)
