"""The API's description as pages of the site: all operations, one operation, one type. Made of the OpenAPI document."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from config.reference.selectors import Reference, reference
from papers.shelf.markdown import rendered


class Pages(DocsBase):
    """What `docs_url` answers: the list, or what its address names."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **path: Any) -> HttpResponse:
        found = _reference(api)
        shared = {"version": api.version, "schema_url": reverse("api:openapi-json"), "docs_url": request.path}
        if key := request.GET.get("operation"):
            operation = found.operation(key)
            if operation is None:
                raise Http404("there is no such operation")
            return render(request, "reference/operation.html", shared | {
                "operation": operation, "words": _prose(operation.words)})
        if name := request.GET.get("type"):
            if name not in found.models:
                raise Http404("there is no such type")
            words, fields = found.models[name]
            return render(request, "reference/type.html", shared | {"name": name, "words": words, "fields": fields})
        return render(request, "reference/operations.html", shared | {
            "subjects": found.subjects.items(), "words": _prose(api.description)})


def _prose(text: str) -> SafeString:
    """Its paragraphs; within one, the lines of the source mean nothing."""
    return rendered("\n\n".join(" ".join(part.split()) for part in text.split("\n\n")))


@cache
def _reference(api: NinjaAPI) -> Reference:
    """Made once in a process: the API does not change while it runs."""
    return reference(api.get_openapi_schema(path_prefix=reverse("api:api-root")))
