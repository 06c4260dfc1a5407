"""The API: every app's router under one documented roof. Reading is open; writing needs a token or a session.

Every address names its version, /api/v1/...; without one (/api/...) the newest answers, as before there were versions.
What holds for every operation is said here once: parameters that there are not are refused by name, every refusal is a
JSON `Problem` with a sentence, and the description lists the statuses that any operation may answer with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import conditional_page
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError, ValidationErrorContext
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.operation import Operation

from config.accounts.auth import Anonymous, SessionAuth, TokenAuth
from config.accounts.throttle import TooManyTries
from config.asking.api import router as asking
from config.audit.api import router as audit
from config.reference.pages import Pages
from evaluations.api import router as evaluations
from methods.api import router as methods
from papers.api import router as papers
from papers.parameters import Problem, body_error, unknown
from papers.sources.api import router as sources
from workers.api import router as workers

READING = {400: "What the address names is not there to choose", 401: "The token is unknown",
           404: "There is no such thing", 422: "A parameter is unknown or not allowed",
           429: "Too many wrong tokens from this address; Retry-After says how long to wait"}
WRITING = READING | {401: "No token, or one that is unknown", 403: "The permission is missing",
                     409: "Its state does not allow that", 413: "The body is too large"}


class ExplainedAPI(NinjaAPI):
    """Names unknown fields of bodies, and adds to the description what any operation may answer."""

    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext]) -> ValidationError:
        error = super().validation_error_from_error_contexts(
            [context for context in error_contexts if context.model.__ninja_param_source__ != "body"])
        for context in error_contexts:
            if context.model.__ninja_param_source__ == "body":  # the argument's name means nothing to a caller
                [argument] = context.model.model_fields.values()
                error.errors += body_error(context.pydantic_validation_error, argument.annotation, inside=1).errors
        return error

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        model = Problem.model_json_schema(ref_template=REF_TEMPLATE)
        schema["components"]["schemas"] |= model.pop("$defs") | {"Problem": model}
        for operations in schema["paths"].values():
            for method, operation in operations.items():
                for status, words in (READING if method == "get" else WRITING).items():
                    declared = operation["responses"].setdefault(status, {"description": words})
                    declared.setdefault("content", {"application/json": {
                        "schema": {"$ref": REF_TEMPLATE.format(model="Problem")}}})
        return schema


def refuse_unknown(run: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Wraps an operation: parameters of the address that it does not have, or has once, are refused by name."""
    operation: Operation = run.__self__  # type: ignore[attr-defined]  # ninja hands over the bound method
    models = [model for model in operation.models if model.__ninja_param_source__ == "query"]
    known = [name for model in models for name in getattr(model, "__ninja_flatten_map__", {})]
    repeatable = {name for model in models for name in getattr(model, "__ninja_collection_fields__", ())}

    @wraps(run)
    def checked(request: HttpRequest, **path: Any) -> HttpResponse:
        faults = [{"type": kind, "loc": (place, name), "msg": words}
                  for kind, place, name, words in _faults(request, path, known, repeatable)]
        if faults:
            return operation.api.on_exception(request, ValidationError(faults))
        return run(request, **path)
    return checked


def _faults(request: HttpRequest, path: dict[str, Any], known: list[str], repeatable: set[str]
            ) -> Iterator[tuple[str, str, str, str]]:
    """Kind, place, name and words of what is wrong with the address."""
    for name, values in request.GET.lists():
        if name not in known:
            yield "unknown", "query", name, unknown("parameter", name, known)
        elif len(values) > 1 and name not in repeatable:
            yield "repeated", "query", name, f"is given {len(values)} times, and counts once"
        elif any("\0" in value for value in values):
            yield "nul", "query", name, "holds the character NUL, which no text here can"
    for name, value in path.items():
        if "\0" in str(value):
            yield "nul", "path", name, "holds the character NUL, which no text here can"


DESCRIPTION = """Everything the pages show, as data.

This is **version 1**, at `/api/v1/`. Within a version, operations, parameters and fields are added and none is taken
away or changes its meaning; what would break a script becomes version 2, and version 1 goes on beside it.
Addresses without a version (`/api/papers`) are answered by the newest, so a script that is to last names its version.

Reading is open. Writing takes a token of your account page with the scope that fits. A typed Python client of exactly
this version is at [`/api/v1/client.py`](/api/v1/client.py), an MCP server for agents at `/mcp`.
"""

api = ExplainedAPI(title="Assay", version="1", description=DESCRIPTION,
                   docs_url="docs", docs=Pages(), urls_namespace="api", auth=[TokenAuth(), SessionAuth(), Anonymous()])
api.add_decorator(refuse_unknown, mode="view")
api.add_decorator(conditional_page, mode="view")  # an ETag on what is read; 304 where nothing changed
api.add_router("", sources)  # before papers: /papers/add is no paper's number
api.add_router("", papers)
api.add_router("", methods)
api.add_router("", evaluations)
api.add_router("", workers)
api.add_router("", asking)
api.add_router("", audit)


@api.exception_handler(TooManyTries)
def too_many_tries(request: HttpRequest, error: TooManyTries) -> HttpResponse:
    answer = api.create_response(request, {"detail": str(error)}, status=429)
    answer.headers["Retry-After"] = str(error.seconds)
    return answer


@api.exception_handler(ValidationError)
def not_valid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """422 with a sentence that names every parameter and what is wrong with it."""
    faults = [{"loc": list(fault["loc"]), "msg": fault["msg"], "type": fault["type"]} for fault in error.errors]
    said = [fault["msg"] if fault["type"] in ("unknown", "extra_forbidden") else
            f"{'.'.join(map(str, fault['loc'][1:])) or fault['loc'][0]}: {fault['msg']}" for fault in faults]
    return api.create_response(request, {"detail": "; ".join(said), "errors": faults}, status=422)


@api.exception_handler(HttpError)
def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    """The sentence it was raised with; for a body that is no JSON, what the parser says."""
    words = str(error)
    if words == "Cannot parse request body" and error.__cause__:
        words = f"The body is not JSON: {error.__cause__}"
    response = api.create_response(request, {"detail": words}, status=error.status_code)
    if error.status_code == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(Http404)
def not_there(request: HttpRequest, error: Http404) -> HttpResponse:
    return api.create_response(request, {"detail": str(error) or "There is no such thing."}, status=404)


@api.exception_handler(RequestDataTooBig)
def too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return api.create_response(request, {"detail": str(error)}, status=413)


@csrf_exempt
def no_such_address(request: HttpRequest, rest: str) -> HttpResponse:
    """What is under /api/ and no operation: said as data, like everything there."""
    return api.create_response(request, {
        "detail": f"There is no {request.path[:200]}; /api/docs lists what there is."}, status=404)


_routes, _app, _ = api.urls
versioned = (_routes, _app, "api")  # the namespace in which its own addresses are looked up
unversioned = (_routes, _app, "api-newest")
