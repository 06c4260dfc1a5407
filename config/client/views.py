"""The Python client, as a file to download."""

from __future__ import annotations

import hashlib
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import condition, require_safe

from config.client.generate import client_source


@cache
def _source() -> str:
    """Made once in a process: the API does not change while it runs."""
    from config.api import api  # which this module's address stands beside

    root = reverse("api:api-root")
    return client_source(api.get_openapi_schema(path_prefix=root), prefix=root)


@require_safe
@condition(etag_func=lambda request: f'"{hashlib.sha256(_source().encode()).hexdigest()[:16]}"')
def client_file(request: HttpRequest) -> HttpResponse:
    """The client of exactly this version of the API."""
    return HttpResponse(_source(), content_type="text/x-python; charset=utf-8", headers={
        "Content-Disposition": 'attachment; filename="assay_client.py"'})
