"""A reader asks for a run, a runner grants or declines it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from config.accounts.budget import allow
from config.accounts.models import ApiToken
from config.asking import services
from config.asking.models import Ask
from config.audit.models import Entry
from evaluations.models import Claim, Run
from evaluations.runs.services import cancel_run, claim_run, record_failure, request_runs, retry_run
from methods.models import PaperLink
from methods.services import curate_link
from papers.following.events import read_happenings
from papers.following.happenings import all_happened
from papers.following.models import Channel, Delivery, Notification
from papers.models import Paper
from tests.evaluations.simulated_runs import make_arena, make_method

pytestmark = pytest.mark.django_db


def person(name: str, *names: str) -> User:
    made = User.objects.create_user(name)
    made.groups.add(*Group.objects.filter(name__in=names))
    return made


def browser(account: User) -> Client:
    client = Client()
    client.force_login(account)
    return client


@pytest.fixture
def method():
    return make_method(make_arena(), "plain")


@pytest.fixture
def reader():
    return person("rea", "reader")


@pytest.fixture
def runner():
    return person("ron", "runner")


def test_a_reader_asks_on_the_page_and_a_runner_grants_it(method, reader, runner):
    mine, theirs = browser(reader), browser(runner)
    for address in ("/methods/sorting/plain/", "/arenas/sorting/"):
        page = mine.get(address).content.decode()
        assert "Ask for this run" in page and "Ask for this run" not in theirs.get(address).content.decode()
        assert "Ask for this run" not in Client().get(address).content.decode(), "whoever is nobody logs in first"
    answer = mine.post("/asks/new/", {"target": "method:sorting/plain", "reason": "it looks <b>quick</b>"},
                       headers={"referer": "http://testserver/methods/sorting/plain/"})
    assert answer.url == "http://testserver/methods/sorting/plain/"
    mine.post("/asks/new/", {"target": "method:sorting/plain", "reason": "again"})
    made = Ask.objects.get()
    waits = "1 request for runs waits for an answer"
    assert waits in theirs.get("/").content.decode() and waits not in mine.get("/").content.decode()
    page = theirs.get("/asks/").content.decode()
    assert "it looks &lt;b&gt;quick&lt;/b&gt;" in page and "10 runs are missing" in page
    assert mine.post(f"/asks/{made.pk}/answer/", {"answer": "grant"}).status_code == 403 and not Run.objects.exists()
    theirs.post(f"/asks/{made.pk}/answer/", {"answer": "grant", "word": "with pleasure"})
    made.refresh_from_db()
    assert (made.state, made.answered_by, made.word) == (Ask.GRANTED, runner, "with pleasure")
    runs = Run.objects.filter(request_key=made.request_key)
    assert runs.count() == 10 and {run.requested_by for run in runs} == {runner}
    assert "with pleasure" in mine.get("/asks/").content.decode() and waits not in theirs.get("/").content.decode()
    theirs.post(f"/asks/{made.pk}/answer/", {"answer": "decline", "word": "too late"})
    made.refresh_from_db()
    assert made.state == Ask.GRANTED, "one answer"
    assert set(Entry.objects.filter(kind="method", key="sorting/plain").values_list("name", "verb")) == {
        ("rea", "asked for runs of"), ("ron", "granted runs of"), ("ron", "requested runs of")}


def test_the_pages_of_papers_and_claims_have_the_button_too(method, reader):
    rival = make_method(method.arena, "quick")
    claim = Claim.objects.create(method=rival, position=0, kind="Beats", sentence="better", rival="plain",
                                 metric="accuracy", setting="default", terms=[
                                     {"weight": 1, "method": "", "metric": "accuracy", "setting": "default"},
                                     {"weight": -1, "method": "plain", "metric": "accuracy", "setting": "default"}])
    paper = Paper.objects.create(title="Quick", title_key="quick")
    curate_link(paper=paper, method=rival, state=PaperLink.ACCEPTED, by=reader)
    page = browser(reader)
    for target, address in ((f"paper:{paper.pk}", f"/papers/{paper.pk}/"),
                            (f"claim:{claim.pk}", f"/claims/{claim.pk}/")):
        assert f'name="target" value="{target}"' in page.get(address).content.decode()
        page.post("/asks/new/", {"target": target, "setting": "claims"})
    assert {ask.target for ask in Ask.objects.all()} == {f"paper:{paper.pk}", f"claim:{claim.pk}"}
    assert page.get("/asks/").status_code == 200


def test_declining_takes_a_word_and_withdrawing_the_one_who_asked(method, reader, runner):
    made = services.ask(by=reader, target="arena:sorting", setting="all")
    browser(runner).post(f"/asks/{made.pk}/answer/", {"answer": "decline", "word": " "})
    with pytest.raises(services.AskError, match="only whoever asked"):
        services.withdraw(pk=made.pk, by=runner)
    assert Ask.objects.get().state == Ask.OPEN
    services.decline(pk=made.pk, by=runner, word="it takes a day")
    again = services.ask(by=reader, target="arena:sorting", setting="all")
    assert again.pk != made.pk
    services.withdraw(pk=again.pk, by=reader)
    with pytest.raises(services.AskError, match="withdrawn already"):
        services.grant(pk=again.pk, by=runner)


def news(account: User) -> list[str]:
    read_happenings()
    return list(Notification.objects.filter(owner=account).order_by("pk").values_list("event__title", flat=True))


def test_whoever_asked_is_told_the_answer_and_how_it_ended(method, reader, runner):
    channel = Channel.objects.create(owner=reader, kind="ntfy", address="", shown="x", confirmed_at=timezone.now())
    no = services.ask(by=reader, target="arena:sorting")
    services.decline(pk=no.pk, by=runner, word="it takes a day")
    assert news(reader) == ["Declined: runs of Sorting"] and not news(runner)
    assert "ron: “it takes a day”" in Notification.objects.get().event.text
    yes = services.ask(by=reader, target="method:sorting/plain", seeds="3")
    first, second, third = services.grant(pk=yes.pk, by=runner).queued
    assert news(reader)[1:] == ["Granted: runs of Plain"]
    record_failure(claim_run(pk=first, worker="w"), failure="method", cause="it divided by zero")
    record_failure(claim_run(pk=second, worker="w"), failure="method", cause="it divided by zero")
    assert len(news(reader)) == 2, "one is still to come"
    cancel_run(pk=third, by=runner)
    assert news(reader)[2:] == ["Failed: runs of Plain, 2 failed, 1 cancelled"] and not news(runner)
    told = Notification.objects.filter(owner=reader).latest("pk")
    assert "it divided by zero" in told.event.text and told.because == "you asked for it"
    assert browser(reader).get(told.event.url).status_code == 200
    assert Delivery.objects.filter(channel=channel).count() == 3, "and on the channels"
    for run in (first, second, third):
        retry_run(pk=run, by=runner)
        Run.objects.filter(pk=run).update(state=Run.DONE, finished_at=timezone.now())
    all_happened("run", [first, second, third])
    assert news(reader)[3:] == ["Finished: runs of Plain, 3 done"]


def test_what_is_on_its_way_for_somebody_else_is_told_of_too(method, reader, runner):
    [queued] = request_runs(methods=[method], seeds=[0], requested_by=runner).queued
    made = services.ask(by=reader, target="method:sorting/plain", seeds="1")
    services.grant(pk=made.pk, by=runner)
    record_failure(claim_run(pk=queued, worker="w"), failure="method", cause="no")
    assert news(reader) == ["Granted: runs of Plain", "Failed: runs of Plain, 1 failed"]


def test_a_grant_that_cannot_be_run_or_paid_changes_nothing(method, reader, runner, admin_user):
    made = services.ask(by=reader, target="method:sorting/plain")
    allow(account=runner, seconds=1, by=admin_user)
    with pytest.raises(services.AskError, match="of processor time are left"):
        services.grant(pk=made.pk, by=User.objects.get(pk=runner.pk))
    odd = services.ask(by=reader, target="method:sorting/plain", setting="nowhere")
    with pytest.raises(services.AskError, match="has no setting nowhere"):
        services.grant(pk=odd.pk, by=admin_user)
    assert {ask.state for ask in Ask.objects.all()} == {Ask.OPEN} and not Run.objects.exists()
    assert not Entry.objects.filter(verb="granted runs of").exists()


@pytest.mark.parametrize(("wish", "said"), [
    ({"target": "planet:9"}, "names nothing"), ({"target": "paper:1"}, "no method is linked"),
    ({"target": "method:sorting/plain", "seeds": "x"}, "seeds must be"),
    ({"target": "method:sorting/plain", "queue": "tpu"}, "no queue tpu")])
def test_what_cannot_be_asked_for_is_said(method, reader, wish, said):
    Paper.objects.create(pk=1, title="Quick", title_key="quick")
    page = browser(reader).post("/asks/new/", wish, follow=True).content.decode()
    assert said in page and not Ask.objects.exists()


def test_one_person_has_only_so_many_open(method, reader):
    for seeds in range(1, services.MOST_OPEN + 1):
        services.ask(by=reader, target="arena:sorting", seeds=str(seeds))
    with pytest.raises(services.AskError, match="withdraw one"):
        services.ask(by=reader, target="arena:sorting", seeds="99")


def test_the_api_asks_lists_and_answers(method, reader, runner):
    tokens = {who: {"authorization": f"Bearer {ApiToken.issue(user=who, name='t')[1]}"} for who in (reader, runner)}
    client = Client()

    def post(who, address, body):
        return client.post(f"/api/v1/asks{address}", body, content_type="application/json", headers=tokens[who])

    made = post(reader, "", {"target": "method:sorting/plain", "seeds": "2", "reason": "curious"})
    assert made.status_code == 201 and made.json()["state"] == "open"
    number = made.json()["id"]
    services.ask(by=runner, target="arena:sorting")
    listed = {who: client.get("/api/v1/asks", headers=tokens[who]).json()["count"] for who in tokens}
    assert listed == {reader: 1, runner: 2}
    assert post(reader, f"/{number}/grant", {}).status_code == 403
    assert post(runner, f"/{number}/decline", {}).status_code == 409
    granted = post(runner, f"/{number}/grant", {"word": "yes"}).json()
    assert (granted["state"], granted["answered_by"]) == ("granted", "ron")
    assert client.get(f"/api/v1/runs?request={granted['request']}").json()["count"] == 2
    assert post(reader, f"/{number}/withdraw", {}).status_code == 409 and post(reader, "/999/withdraw", {}
                                                                               ).status_code == 404
    assert client.get("/api/v1/asks").status_code == 401
