"""Loopback may be asked here, nothing waits, and every address of the world is the test's own server."""

import ipaddress

import pytest
import stamina

from papers.sources.models import Source
from tests.servers.upstream import upstream_server


@pytest.fixture
def upstream(settings, db):
    settings.SOURCES_ALLOW = [ipaddress.ip_network("127.0.0.1/32")]
    settings.SOURCES_PACE = {}
    settings.SOURCES_PACE_ELSEWHERE = 0.0
    settings.SOURCES_TIMEOUT = 10.0
    with upstream_server() as server, stamina.set_testing(True, attempts=3, cap=True):
        settings.UPSTREAMS = {name: f"{server.url}/{name}" for name in settings.UPSTREAMS}
        yield server


@pytest.fixture
def make_source(db):
    def make(kind: str = Source.FEED, **fields) -> Source:
        return Source.objects.create(**{"name": f"a {kind}", "kind": kind, "every_minutes": 60} | fields)
    return make
