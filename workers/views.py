"""The status page, and what machines ask: /healthz, /readyz and /metrics."""

from __future__ import annotations

import hmac
import ipaddress

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from papers.web import page_or_fragment
from workers.health import health
from workers.readiness import readiness


def status(request):
    return page_or_fragment(request, "workers/status.html", "workers/_health.html", {"health": health()})


@require_safe
@never_cache
def healthz(request):
    """200 whenever this process answers; nothing else is looked at, so that nothing else gets it restarted."""
    return JsonResponse({"ok": True})


@require_safe
@never_cache
def readyz(request):
    """200 when the whole installation can do its work, else 503; `missing` says in words what it lacks."""
    found = readiness()
    return JsonResponse(found, status=200 if found["ready"] else 503)


@require_safe
@never_cache
def metrics(request):
    """Prometheus metrics, for whoever METRICS_TOKEN and METRICS_ALLOW let in; 404 where neither is set."""
    if not (settings.METRICS_TOKEN or settings.METRICS_ALLOW):
        raise Http404("metrics are off")
    if settings.METRICS_ALLOW and not _comes_from(request, settings.METRICS_ALLOW):
        return HttpResponse("This address may not read the metrics.\n", status=403, content_type="text/plain")
    if settings.METRICS_TOKEN and not _knows(request, settings.METRICS_TOKEN):
        return HttpResponse("The metrics need METRICS_TOKEN as a bearer token.\n", status=401,
                            content_type="text/plain", headers={"WWW-Authenticate": "Bearer"})
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    from workers.metrics import Installation
    registry = CollectorRegistry()
    registry.register(Installation())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry), content_type=content_type)


def _comes_from(request, networks) -> bool:
    """Whether the other end of the connection is in a network; what a proxy says of others is not believed."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)


def _knows(request, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
