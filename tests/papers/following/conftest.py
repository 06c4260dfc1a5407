"""A reader, papers that have settled, and real servers for mail and posts on loopback."""

import ipaddress
from datetime import timedelta

import pytest
from django.utils import timezone

from papers.models import Paper
from papers.services import record_search_texts
from tests.servers.smtp import smtp_server
from tests.servers.upstream import upstream_server


@pytest.fixture
def reader(django_user_model):
    return django_user_model.objects.create_user("rita", "rita@example.org", "a long password")


@pytest.fixture
def here(client, reader):
    client.force_login(reader)
    return client


@pytest.fixture
def add_paper(db):
    """Papers as an import leaves them once they are embedded, `minutes` ago."""
    def add(title: str, *, minutes: float = 5, embedded: bool = True, **fields) -> Paper:
        paper = Paper.objects.create(title=title, title_key=title.lower(), **fields)
        record_search_texts([("paper", str(paper.pk), title, fields.get("abstract", ""))])
        Paper.objects.filter(pk=paper.pk).update(created_at=timezone.now() - timedelta(minutes=minutes))
        if embedded:
            from papers.models import SearchText
            SearchText.objects.filter(paper=paper).update(embedded_by="a model")
        return paper
    return add


@pytest.fixture
def mailbox(settings):
    with smtp_server() as mailbox:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.MAIL_CONFIGURED, settings.EMAIL_HOST, settings.EMAIL_PORT = True, "127.0.0.1", mailbox.port
        settings.SITE_URL, settings.MAIL_HOST = "https://assay.example.org", "assay.example.org"
        yield mailbox


@pytest.fixture
def outside(settings, db):
    settings.WEBHOOKS_ALLOW = [ipaddress.ip_network("127.0.0.1/32")]
    settings.SOURCES_ALLOW = []
    settings.SOURCES_PACE, settings.SOURCES_PACE_ELSEWHERE = {}, 0.0
    with upstream_server() as server:
        yield server
