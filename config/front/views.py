"""The front page."""

from django.http import HttpResponse
from django.shortcuts import render

from config.front import selectors
from evaluations.runs.selectors import activity, moving_parts
from evaluations.runs.stamps import nothing_new, stamp_of


def home(request):
    """What is new; the fragment that asks again and again is what is going on."""
    going_on = activity()
    stamp = stamp_of([moving_parts(run) for run in going_on.running], going_on.queued, going_on.unheard)
    if nothing_new(request, stamp):
        return HttpResponse(status=204)
    context = {"activity": going_on, "stamp": stamp}
    if request.htmx:
        return render(request, "evaluations/runs/_run_activity.html", context)
    return render(request, "front/home.html", context | {"home": selectors.home()})
