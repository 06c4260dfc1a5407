"""What people did: written with the act, only ever added to, shown where it happened."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from config.audit.models import Entry
from config.audit.selectors import history_of
from evaluations.models import ReportedClaim, Run
from evaluations.reported.services import accept_claim, read_new_abstracts, undo_claim
from evaluations.runs.replays import request_replay
from evaluations.runs.services import cancel_run, request_runs, retry_run
from evaluations.snapshots.services import freeze_table, retitle_snapshot
from evaluations.tables.state import default_state
from methods.models import PaperLink
from methods.services import curate_link, forget_curation
from papers import history
from papers.identity.merging import merge_papers, unmerge
from papers.models import Digest, Paper
from papers.services import import_digest, remove_digest
from papers.sources.models import Source
from papers.sources.services import pause_source, remove_source, restore_source, save_source
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db


def verbs(kind: str, key) -> list[str]:
    """Oldest first."""
    return [entry.verb for entry in history_of(kind, str(key)).order_by("pk")]


@pytest.fixture
def ada():
    return User.objects.create_superuser("ada")


def test_papers_digests_and_links(ada):
    method = make_method(make_arena(), "plain")
    import_digest(name="a.jsonl", data=b'{"title": "Counting Rivers", "abstract": "Long."}', imported_by=ada)
    second = import_digest(name="b.jsonl", data=b'{"title": "Rivers, Counted"}', imported_by=ada)
    import_digest(name="b.jsonl", data=b'{"title": "Rivers, Counted"}', imported_by=ada)
    one, other = Paper.objects.order_by("pk")
    link = curate_link(paper=other, method=method, state=PaperLink.ACCEPTED, by=ada)
    forget_curation(link=link, by=ada)
    assert verbs("paper", other.pk) == verbs("method", "sorting/plain") == ["linked", "took back a word on the link"]
    merge = merge_papers(one=one.pk, other=other.pk, by=ada)
    assert verbs("paper", one.pk) == ["linked", "took back a word on the link", "merged", "merged"], \
        "with what was done to the paper that is part of it now"
    unmerge(pk=merge.pk, by=ada)
    assert verbs("paper", one.pk) == ["merged", "took apart"]
    remove_digest(digest=Digest.objects.get(pk=second.digest_id), by=ada)
    assert verbs("digest", second.digest_id) == ["imported", "took back the import"]


def test_what_the_site_does_by_itself_is_nobodys_act():
    import_digest(name="a.jsonl", data=b'{"title": "Counting Rivers"}')
    assert not Entry.objects.exists()


def test_runs_reported_numbers_tables_and_sources(ada):
    arena = make_arena()
    method = make_method(arena, "plain")
    add_runs(method, {"accuracy": draws(70), "error": draws(1)})
    [queued] = request_runs(methods=[method], seeds=[9], requested_by=ada).queued
    cancel_run(pk=queued, by=ada)
    assert not cancel_run(pk=queued, by=ada)
    retry_run(pk=queued, by=ada)
    assert verbs("run", queued) == ["cancelled", "queued again"]
    done = Run.objects.filter(state=Run.DONE).first()
    request_replay(run=done, by=ada)
    assert verbs("run", done.pk) == ["asked to replay"]
    assert verbs("method", method.key) == ["requested runs of", "asked to replay"]
    import_digest(name="a.jsonl", data=b'[{"title": "Quick", "abstract": "It has an accuracy of 81.5% on Lake."}]')
    read_new_abstracts()
    number = ReportedClaim.objects.get()
    for _ in range(2):
        accept_claim(pk=number.pk, by=ada)
    undo_claim(pk=number.pk, by=ada)
    assert verbs("reported", number.pk) == verbs("paper", number.paper_id) == ["accepted", "undid a decision on"]
    snapshot = freeze_table(arena=arena, state=default_state(arena), by=ada)
    freeze_table(arena=arena, state=default_state(arena), by=ada)
    retitle_snapshot(key=snapshot.key, title="Then", by=ada)
    assert verbs("snapshot", snapshot.key) == ["froze", "retitled"]
    source = save_source(source=Source(name="s", kind=Source.FEED, address="https://example.org/feed",
                                       every_minutes=60), by=ada)
    pause_source(source=source, paused=True, by=ada)
    remove_source(source=source, by=ada)
    restore_source(source=source, by=ada)
    assert verbs("source", source.pk) == ["added", "paused", "removed", "brought back"]


def test_an_act_that_fails_leaves_no_trace(ada):
    with pytest.raises(RuntimeError), transaction.atomic():
        history.record("did", "paper:1", by=ada)
        raise RuntimeError
    assert not Entry.objects.exists()


def test_the_history_only_grows(ada):
    history.record("did", "paper:1", "paper:2", by=ada, words="so")
    one, other = Entry.objects.order_by("pk")
    assert (one.act, one.leading, other.leading) == (other.act, True, False)
    for change in (lambda: Entry.objects.update(words="not so"), lambda: Entry.objects.all().delete(), one.delete,
                   one.save, lambda: Entry.objects.filter(pk=one.pk).update(verb="x")):
        with pytest.raises(TypeError, match="only grows"):
            change()
    ada.delete()
    assert [entry.name for entry in Entry.objects.all()] == ["ada", "ada"], "it outlives the account"


def test_the_history_is_folded_into_its_page_and_open_as_far_as_that(ada):
    paper = Paper.objects.create(title="Counting <i>Rivers</i>", title_key="counting rivers")
    history.record("edited", f"paper:{paper.pk}", by=ada, words="title <script>")
    history.record("paused", "source:1", by=ada)
    history.record("closed", "account:7", by=ada)
    client = Client()
    page = client.get(f"/papers/{paper.pk}/").content.decode()
    assert f'hx-get="/history/paper/{paper.pk}/"' in page and "title &lt;" not in page, "asked for when opened"
    part = client.get(f"/history/paper/{paper.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "Counting &lt;i&gt;Rivers&lt;/i&gt;" in part and "title &lt;script&gt;" in part and "<html" not in part
    statuses = [client.get(f"/history/{kind}/1/").status_code for kind in ("source", "account", "planet")]
    assert statuses == [302, 302, 404]
    client.force_login(User.objects.create_user("eve"))
    assert [client.get(f"/history/{kind}/7/").status_code for kind in ("source", "account")] == [200, 403]
    assert client.get("/api/v1/history/account/7").status_code == 404
    [said] = client.get(f"/api/v1/history/paper/{paper.pk}").json()["items"]
    assert (said["name"], said["verb"], said["words"]) == ("ada", "edited", "title <script>")
    client.force_login(ada)
    assert len(client.get("/history/").context["acts"]) == 3
    assert [act.entry.verb for act in client.get("/history/?who=ada&kind=source&verb=paused").context["acts"]] == [
        "paused"]
    assert client.get("/api/v1/history?verb=closed").json()["count"] == 1


def test_a_page_of_history_costs_the_same_however_long_it_is(ada, client, django_assert_max_num_queries):
    arena = make_arena()
    for number in range(30):
        paper = Paper.objects.create(title=f"Paper {number}", title_key=f"paper {number}")
        history.record("linked", f"paper:{paper.pk}", f"method:{make_method(arena, f'm{number}').key}", by=ada)
    client.force_login(ada)
    with django_assert_max_num_queries(15):
        assert client.get("/history/").status_code == 200
