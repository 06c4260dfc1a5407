"""The status page and the health check."""

from django.db import DatabaseError
from django.http import JsonResponse

from papers.web import page_or_fragment
from workers.health import health


def status(request):
    return page_or_fragment(request, "workers/status.html", "workers/_health.html", {"health": health()})


def healthz(request):
    """200 when the database and the broker answer, else 503; the body says what is wrong either way."""
    try:
        state = health()
    except DatabaseError as error:
        return JsonResponse({"ok": False, "problems": [f"the database does not answer: {error}"]}, status=503)
    return JsonResponse(state.as_dict(), status=200 if state.broker else 503)
