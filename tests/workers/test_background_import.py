"""A large import is a worker's work: the page answers at once, and the digest is completed in the background."""

from __future__ import annotations

import json

import pytest

from papers.models import Appearance, Digest, Paper
from papers.services import LARGE, import_large_digest
from tests.services import wait_until

pytestmark = pytest.mark.xdist_group("background import")


def papers():
    return Paper.objects.filter(title__startswith="Paper ")


def test_a_large_import_is_done_by_a_worker(installation):
    data = "\n".join(json.dumps({"title": f"Paper {n}", "abstract": "word " * 300}) for n in range(200)).encode()
    assert len(data) > LARGE
    report = import_large_digest(name="large.jsonl", data=data)
    assert report.queued and "in the background" in report.summary
    digest = Digest.objects.get(pk=report.digest_id)
    assert (digest.state, digest.listed, papers().count()) == (Digest.IMPORTING, None, 0)
    installation.start_worker(queues="tasks")
    wait_until(lambda: Digest.objects.get(pk=digest.pk).state == Digest.COMPLETE, seconds=60, what="the import")
    digest.refresh_from_db()
    assert (digest.listed, Appearance.objects.filter(digest=digest).count(), papers().count()) == (200, 200, 200)
    assert digest.format and import_large_digest(name="large.jsonl", data=data).already_imported


def test_a_small_one_is_done_at_once(installation):
    report = import_large_digest(name="small.jsonl", data=b'{"title": "A small list"}')
    assert not report.queued and report.counts["new"] == 1
