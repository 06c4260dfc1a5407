"""What machines ask: /healthz, /readyz and /metrics, on a real database and broker."""

from __future__ import annotations

import os
import shutil
import socket
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from config.settings import _networks
from evaluations.models import Run, Worker
from methods.models import BrokenFile
from papers.models import Paper, SearchText, Vector
from tests.evaluations.simulated_runs import make_arena, make_method
from tests.services import empty_broker

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def server():
    with empty_broker():
        yield


@pytest.fixture
def worker():
    return Worker.objects.create(name="cpu@here:1", queues=["cpu", "tasks"], host=socket.gethostname(), pid=os.getpid(),
                                 seen_at=timezone.now(), swept_at=timezone.now(), device="cpu")


@pytest.fixture
def no_database():
    """The database of another address, at which nobody listens."""
    there = connections["default"]
    there.ensure_connection()
    connections["default"] = type(there)({**there.settings_dict, "NAME": "/no/such/folder/assay.sqlite3"}, "default")
    yield
    connections["default"].close()
    connections["default"] = there


def missing(client) -> list[str]:
    answer = client.get("/readyz")
    found = answer.json()
    assert answer.status_code == (200 if found["ready"] else 503) and found["ready"] == (not found["missing"])
    return found["missing"]


def test_the_process_lives_whatever_else_is_gone(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"ok": True}) and "no-store" in answer["Cache-Control"]
    assert client.post("/healthz").status_code == 405


def test_ready_when_everything_answers(client, server, worker):
    assert missing(client) == []
    assert client.get("/readyz").json()["workers"][0]["name"] == "cpu@here:1"


def test_each_thing_that_is_missing_is_named(client, server, worker):
    worker.delete()
    Run.objects.create(method=make_method(make_arena(), "plain"), seed=0, code_digest="x", queue="gpu")
    assert missing(client) == [f"no worker listens to the queue {queue}" for queue in ("cpu", "gpu", "tasks")]


def test_without_a_broker(client, worker):
    assert missing(client) == ["the broker does not answer"]


def test_migrations_that_are_not_applied(client, server, worker):
    [newest] = MigrationLoader(connection).graph.leaf_nodes("evaluations")
    MigrationRecorder(connection).record_unapplied(*newest)
    said, = missing(client)
    assert said.startswith(f"1 migrations are not applied (evaluations.{newest[1]})")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the address is a file's")
def test_without_a_database(client, no_database, settings):
    said, = missing(client)
    assert said.startswith("the database does not answer: ")
    assert client.get("/healthz").status_code == 200
    settings.METRICS_TOKEN = "a token"
    assert scrape(client)["assay_database_up", ()] == 0


def test_an_index_that_cannot_be_had(client, server, worker):
    """There is a vector, but no model is prepared in this data folder."""
    text = SearchText.objects.create(kind="paper", key="1", title="t", body="", text_hash="h")
    Vector.objects.create(text=text, model_id="m", text_hash="h", dimension=2, values=np.ones(2, np.float32).tobytes())
    said, = missing(client)
    assert said.startswith("the search index cannot be used: ")


def scrape(client, **headers) -> dict[tuple, float]:
    answer = client.get("/metrics", headers={"Authorization": "Bearer a token", **headers})
    assert answer.status_code == 200, answer.text
    return {(sample.name, tuple(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(answer.text) for sample in family.samples}


@pytest.fixture
def networks(monkeypatch):
    """Reads networks as the settings do."""
    def read(text: str):
        monkeypatch.setenv("METRICS_ALLOW", text)
        return _networks("METRICS_ALLOW")
    return read


def test_metrics_are_off_until_a_setting_lets_somebody_in(client, settings, networks):
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "a token"
    for wrong in ({}, {"Authorization": "Bearer another"}, {"Authorization": "a token"},
                  {"Authorization": "Bearer a tökén"}):
        answer = client.get("/metrics", headers=wrong)
        assert answer.status_code == 401 and answer["WWW-Authenticate"] == "Bearer" and "assay_" not in answer.text
    settings.METRICS_ALLOW = networks("10.0.0.0/8, 2001:db8::/32")
    right = {"Authorization": "Bearer a token"}
    for address, status in (("127.0.0.1", 403), ("", 403), ("10.1.2.3", 200), ("::ffff:10.1.2.3", 200),
                            ("2001:db8::7", 200)):
        assert client.get("/metrics", headers=right, REMOTE_ADDR=address).status_code == status, address
    assert client.get("/metrics", headers={**right, "X-Forwarded-For": "10.1.2.3"}).status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 401
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 200


def test_a_mistaken_network_is_named(networks):
    with pytest.raises(Exception, match="METRICS_ALLOW must be addresses or networks.*10.0.0.0/33"):
        networks("127.0.0.1,10.0.0.0/33")


def test_metrics_say_what_the_database_and_the_broker_know(client, server, worker, settings):
    settings.METRICS_TOKEN = "a token"
    method = make_method(make_arena(), "plain")
    for seed, fields in enumerate(({"queue": "cpu"}, {"queue": "cpu"}, {"state": Run.RUNNING}, {"state": Run.DONE},
                                   {"state": Run.FAILED, "failure": "memory"})):
        Run.objects.create(method=method, seed=seed, code_digest="x", **fields)
    Run.objects.filter(seed=0).update(requested_at=timezone.now() - timedelta(hours=2))
    Paper.objects.create(title="A paper", title_key="a paper")
    BrokenFile.objects.create(path="methods/arenas/a/b.py", place="methods/arenas/a/b.py", reason="is broken")
    (settings.DATA_DIR / "index").mkdir()
    (settings.DATA_DIR / "index" / "manifest.json").write_text('{"size": 1234}')
    found = scrape(client)
    assert found["assay_database_up", ()] == found["assay_broker_up", ()] == 1
    assert found["assay_migrations_unapplied", ()] == 0 and found["assay_queue_waiting_runs", ("cpu",)] == 2
    assert 7200 <= found["assay_queue_oldest_seconds", ("cpu",)] < 9000
    assert (found["assay_runs", ("queued",)], found["assay_runs", ("cancelled",)]) == (2, 0)
    assert (found["assay_failed_runs", ("memory",)], found["assay_failed_runs", ("time",)]) == (1, 0)
    assert found["assay_queue_workers", ("tasks",)] == 1 and found["assay_queue_workers", ("gpu",)] == 0
    assert 0 <= found["assay_worker_seen_seconds", ("cpu@here:1",)] < 600
    assert found["assay_last_sweep_timestamp_seconds", ()] == pytest.approx(worker.swept_at.timestamp(), abs=1e-3)
    assert (found["assay_papers", ()], found["assay_methods", ()], found["assay_broken_files", ()]) == (1, 1, 1)
    assert found["assay_index_texts", ()] == 1234 and 0 <= found["assay_index_age_seconds", ()] < 600
    assert found["assay_disk_free_bytes", ()] == pytest.approx(shutil.disk_usage(settings.DATA_DIR).free, rel=0.5)
    assert any(name == "assay_build_info" for name, _ in found)


def test_metrics_without_a_broker_say_so(client, worker, settings):
    settings.METRICS_TOKEN = "a token"
    found = scrape(client)
    assert found["assay_broker_up", ()] == 0 and found["assay_runs", ("done",)] == 0


def test_the_newer_text_format_is_spoken(client, settings):
    settings.METRICS_TOKEN = "a token"
    answer = client.get("/metrics", headers={"Authorization": "Bearer a token",
                                             "Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer["Content-Type"].startswith("application/openmetrics-text") and answer.text.endswith("# EOF\n")
