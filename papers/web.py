"""What every view needs: its page or the page's fragment, and who may do what.

No other module looks at htmx's headers or checks a permission by hand; tests/architecture/test_views.py says so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails
from ninja.errors import HttpError


class HtmxRequest(HttpRequest):
    """A request that has passed the htmx middleware, as all do."""

    htmx: HtmxDetails


def wants_fragment(request: HtmxRequest) -> bool:
    """Whether htmx asks for a part of the page it is on; going back in history it asks for the whole of it."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def asked_part(request: HtmxRequest) -> str:
    """The id of the element that htmx asks to renew; "" for a page."""
    return (request.htmx.target or "") if wants_fragment(request) else ""


def part_of_page(request: HtmxRequest, part: str, context: dict[str, Any], *, query: str) -> HttpResponse:
    """One element of the page, and the query that the browser's address has from now on."""
    response = render(request, part, context)
    response["HX-Push-Url"] = f"?{query}" if query else "."
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def page_or_fragment(request: HtmxRequest, page: str, fragment: str, context: dict[str, Any], *,
                     only_page: Callable[[], dict[str, Any]] = dict, status: int = 200) -> HttpResponse:
    """The page, or for htmx the fragment that renews its moving part, from the same context.

    `only_page` adds what the page shows around the fragment, computed for the page alone. Caches are told that one
    address has two answers, so that Back never shows the fragment where the page was.
    """
    if wants_fragment(request):
        response = render(request, fragment, context, status=status)
    else:
        response = render(request, page, context | only_page(), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _no_bounds(permission: str) -> str:
    return ""


def may(permission: str) -> Callable[[Callable], Callable]:
    """For a page: log in first, then have the permission; "" is for everybody who has logged in."""
    def wrap(view: Callable) -> Callable:
        if not permission:
            return login_required(view)
        return wraps(view)(login_required(permission_required(permission, raise_exception=True)(view)))
    return wrap


def account_of_call(request: HttpRequest) -> Any:
    """Who calls an operation of the API that anybody may call, where only an account can ask for this: 401 else."""
    if not request.user.is_authenticated:
        raise HttpError(401, "This needs an API token (header “Authorization: Bearer TOKEN”) or a login.")
    return request.user


def may_call(permission: str) -> Callable[[Callable], Callable]:
    """For an operation of the API: 401 without a person, 403 without the permission, where one is named.

    A token may do less than its owner: who let the request in says what is outside its scopes.
    """
    def wrap(operation: Callable) -> Callable:
        @wraps(operation)
        def checked(request, *args, **kwargs):
            account_of_call(request)
            if permission and not request.user.has_perm(permission):
                raise HttpError(403, f"{request.user.get_username()} needs the permission {permission} for this.")
            if refusal := getattr(request, "outside_scopes", _no_bounds)(permission):
                raise HttpError(403, refusal)
            return operation(request, *args, **kwargs)
        checked.__signature__ = signature(operation, eval_str=True)  # type: ignore[attr-defined]  # ninja reads it
        checked.permission = permission  # type: ignore[attr-defined]  # a test looks for operations without
        return checked
    return wrap
