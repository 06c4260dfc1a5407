"""The front page."""

from django.shortcuts import render

from config.front import selectors
from evaluations.runs.selectors import activity


def home(request):
    """What is new; the fragment asked for while runs are active is what is going on."""
    if request.htmx:
        return render(request, "evaluations/runs/_run_activity.html", {"activity": activity()})
    return render(request, "front/home.html", {"home": selectors.home(), "activity": activity()})
