"""Which verdicts and runs are told of."""

import pytest

from evaluations.following import changed_claims, run_drafts, verdict_drafts
from evaluations.models import Claim, Run, Verdict
from evaluations.runs.services import claim_run, record_failure, request_runs
from papers.following import services
from papers.following.events import read_happenings
from papers.following.models import Happening, Notification
from papers.following.registry import Asked
from tests.evaluations.simulated_runs import make_arena, make_method

pytestmark = pytest.mark.django_db


@pytest.fixture
def claim():
    arena = make_arena()
    make_method(arena, "plain")
    return Claim.objects.create(method=make_method(arena, "guessing"), position=0, kind="Beats", rival="plain",
                                metric="accuracy", setting="default", sentence="better accuracy than plain", terms=[])


def decide(claim, *statuses) -> list[str]:
    Verdict.objects.update(current=False)
    return [str(Verdict.objects.create(claim=claim, status=status, n=5, difference=1, low=0.5, high=1.5, p_value=0.01,
                                       basis=str(number), current=number == len(statuses) - 1).pk)
            for number, status in enumerate(statuses)]


@pytest.mark.parametrize(("statuses", "kinds"), [
    (["confirmed"], []), (["confirmed", "confirmed"], []), (["confirmed", "refuted"], ["flipped"]),
    (["inconclusive", "confirmed"], ["decided"]), (["confirmed", "inconclusive"], ["decided"]),
    (["confirmed", "inconclusive", "refuted"], ["decided", "flipped"]),
    (["confirmed", "inconclusive", "confirmed"], ["decided", "decided"])])
def test_a_flip_is_between_decided_verdicts_and_never_the_first(claim, statuses, kinds):
    assert [draft.kind for draft in verdict_drafts(decide(claim, *statuses))] == kinds


def test_undecided_turns_are_told_only_when_asked(claim, django_user_model):
    reader = django_user_model.objects.create_user("rita")
    kept = services.follow(owner=reader, kind="claim", key=str(claim.pk))
    from papers.following.happenings import all_happened
    all_happened("verdict", decide(claim, "confirmed", "inconclusive"))
    read_happenings()
    assert not Notification.objects.exists()
    services.choose_events(kept, ["flipped", "decided"])
    all_happened("verdict", [Verdict.objects.latest("pk").pk])
    read_happenings()
    assert Notification.objects.get().event.title.startswith("Inconclusive, before confirmed: Five seeds cannot tell")


def test_a_ledger_gives_what_turned(claim):
    from django.http import QueryDict
    decide(claim, "confirmed", "refuted")
    assert [e.title.split(":")[0] for e in changed_claims(Asked(QueryDict("verdict=refuted")))] == [
        "Refuted, before confirmed", "Confirmed"]
    assert changed_claims(Asked(QueryDict("verdict=confirmed"))) == []


def test_a_request_tells_once_its_last_run_has_ended(claim, django_user_model):
    reader = django_user_model.objects.create_user("rita")
    services.follow(owner=reader, kind="runs", key="all")
    first, second = request_runs(methods=[claim.method], seeds=range(2), requested_by=reader).queued
    record_failure(claim_run(pk=first, worker="w"), failure="method", cause="it divided by zero")
    assert Happening.objects.count() == 1
    read_happenings()
    assert not Notification.objects.exists()
    record_failure(claim_run(pk=second, worker="w"), failure="method", cause="it divided by zero")
    read_happenings()
    event = Notification.objects.get().event
    assert event.kind == "run_failed" and event.title.endswith("2 failed") and event.text == "it divided by zero"
    assert run_drafts([str(Run.objects.first().pk)])[0].key == event.key
