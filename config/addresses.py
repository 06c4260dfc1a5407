"""What no page has to look at: the character NUL, which no text of a database can hold (PostgreSQL refuses to look)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, QueryDict

FORM = "application/x-www-form-urlencoded"


def without_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Pages read addresses and forms as if NUL were not in them; the API refuses such values by name."""
    def answer(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            request.GET = _cleaned(request.GET)  # type: ignore[assignment]
            if request.method == "POST" and request.content_type == FORM:
                request.POST = _cleaned(request.POST)  # type: ignore[assignment]
        return get_response(request)
    return answer


def _cleaned(values: QueryDict) -> QueryDict:
    if not any("\0" in value for _, several in values.lists() for value in several):
        return values
    cleaned = QueryDict(mutable=True)
    for name, several in values.lists():
        cleaned.setlist(name, [value.replace("\0", "") for value in several])
    cleaned._mutable = False  # as Django hands them out
    return cleaned
