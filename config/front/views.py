"""The front page."""

from config.front import selectors
from evaluations.runs.selectors import activity, moving_parts
from evaluations.runs.stamps import nothing_new, stamp_of
from papers.web import page_or_fragment


def home(request):
    """What is new; the fragment that asks again and again is what is going on."""
    going_on = activity()
    stamp = stamp_of([moving_parts(run) for run in going_on.running], going_on.queued, going_on.unheard)
    if (unchanged := nothing_new(request, stamp)) is not None:
        return unchanged
    return page_or_fragment(request, "front/home.html", "evaluations/runs/_run_activity.html", {
        "activity": going_on, "stamp": stamp}, only_page=lambda: {"home": selectors.home(request.user)})
