"""What a visitor reads when the machine under the site fails: the cause where known, and no path of the machine."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader

from config.sentences import FULL, sentence

DISK_FULL = ("The disk of this site is full, so nothing of this was saved; what was there before is kept. "
             "Try again when whoever runs the site has made room.")
OUT_OF_REACH = ("The site cannot reach its data at the moment, so nothing of this was saved. "
                "Try again in a minute; whoever runs the site finds the cause in its log.")
BROKEN = "Something broke. The error is in the server's log. Nothing half-done was saved."


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to an error that nobody caught: 507 for a full disk, 503 where the machine fails else, or 500."""
    error = sys.exc_info()[1]
    known = sentence(error) if error else None
    if known is None:
        said, status = BROKEN, 500
    elif getattr(error, "errno", None) in FULL or "is full" in known:
        said, status = DISK_FULL, 507
    else:
        said, status = OUT_OF_REACH, 503
    if request.path.startswith("/api/"):
        response: HttpResponse = JsonResponse({"detail": said}, status=status)
    else:
        response = HttpResponse(loader.get_template("500.html").render({"said": said}), status=status)
    if status != 500:
        response["Retry-After"] = "60"
    return response
