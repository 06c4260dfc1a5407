"""The MCP server at /mcp: each request is whole in itself, so it needs no session and any web process answers it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config.mcp import protocol
from config.mcp.tools import ask_here

MOST_BYTES = 2**20


@csrf_exempt  # no cookie is looked at: whoever writes sends a token
@require_POST
def endpoint(request: HttpRequest) -> HttpResponse:
    """One JSON-RPC message. The token, if any, is in the header “Authorization: Bearer TOKEN”."""
    origin = request.headers.get("Origin")
    if origin and origin not in (f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS):
        return JsonResponse(protocol.error(None, protocol.NO_REQUEST, "pages of other sites may not ask here"),
                            status=403)
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        return JsonResponse(protocol.error(None, protocol.NO_REQUEST, f"a message has at most {MOST_BYTES} bytes"),
                            status=413)
    answer = protocol.read_and_answer(request.body, ask_here(request.META))
    return HttpResponse(status=202) if answer is None else JsonResponse(answer)
