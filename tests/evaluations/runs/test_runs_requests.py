"""Asking for runs: what is queued, what is not, in which order, and how states move."""

from __future__ import annotations

import math

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluations.models import Claim, DeviceLease, Run, Worker
from evaluations.runs import requests, services
from evaluations.runs.services import request_runs
from methods.models import Method, PaperLink
from papers.models import Paper
from tests.evaluations.simulated_runs import add_runs, make_arena, make_method

pytestmark = pytest.mark.django_db

TAU = {"name": "tau", "type": "float", "default": 1.0, "help": "strength", "low": 0.0, "high": 4.0, "choices": None}
DEPTH = {"name": "depth", "type": "int", "default": 2, "help": "layers", "low": 1, "high": None, "choices": None}
OUTCOME = {"scores": {"accuracy": 71.5, "error": 0.3}, "curve": [{"step": 1, "loss": 2.0}], "counts": {"gradients": 5},
           "seconds": 1.25, "peak_memory_mb": 300.0, "device": "cpu", "environment": {"python": "3"}}


@pytest.fixture
def arena():
    return make_arena()


@pytest.fixture
def methods(arena):
    return [make_method(arena, slug, params=[TAU, DEPTH]) for slug in ("plain", "clever", "bold")]


def start(pk: int, worker="w1") -> Run:
    run = services.claim_run(pk=pk, worker=worker)
    assert run is not None
    return run


# --- requests -------------------------------------------------------------------------------------

def test_the_table_fills_evenly_the_baseline_first(methods):
    report = request_runs(methods=reversed(methods), seeds=[1, 0])
    queued = [(run.seed, run.method.slug) for run in Run.objects.filter(pk__in=report.queued).order_by("pk")]
    assert [seed for seed, _ in queued] == [0, 0, 0, 1, 1, 1]
    assert queued[0] == (0, "plain") and queued[3] == (1, "plain")


def test_small_seeds_and_baselines_go_first_on_the_broker(methods):
    plain, clever, _ = methods
    of = lambda method, seed: services._priority(Run(method=method, seed=seed))  # noqa: E731
    assert of(clever, 0) == 0 < of(clever, 1) == of(clever, 2) == 3 < of(clever, 4) == 6 < of(clever, 9) == 9
    assert of(plain, 1) == 0 and of(plain, 9) == 6
    assert {of(m, s) for m in methods for s in range(30)} <= {0, 3, 6, 9}


def test_repeating_a_request_queues_nothing(methods):
    first = request_runs(methods=methods, seeds=range(3))
    again = request_runs(methods=methods, seeds=range(4))
    assert len(first.queued) == 9 and len(again.queued) == 3
    assert sorted(again.already_queued) == sorted(first.queued)
    Run.objects.filter(pk=first.queued[0]).update(state=Run.DONE)
    third = request_runs(methods=methods, seeds=range(4))
    assert third.already_measured == [first.queued[0]] and len(third.already_queued) == 11 and not third.queued
    assert str(third) == "0 queued; 1 already measured by the present code; 11 already queued"


def test_failed_cancelled_and_stale_runs_are_asked_again(methods):
    plain = methods[0]
    first = request_runs(methods=[plain], seeds=range(3))
    for pk, state in zip(first.queued, (Run.FAILED, Run.CANCELLED, Run.DONE), strict=True):
        Run.objects.filter(pk=pk).update(state=state)
    assert len(request_runs(methods=[plain], seeds=range(3)).queued) == 2
    Method.objects.filter(pk=plain.pk).update(code_digest="newer code")
    plain.refresh_from_db()
    assert len(request_runs(methods=[plain], seeds=range(3)).queued) == 3


def test_one_run_per_question_is_the_databases_own_rule(methods):
    fields = {"method": methods[0], "seed": 0, "code_digest": "x"}
    Run.objects.create(**fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.create(**fields)
    Run.objects.create(**fields, state=Run.FAILED)


def test_what_another_request_was_quicker_with_is_not_queued_twice(methods, monkeypatch):
    """The other request comes between this one's look and its insert."""
    look = services._leave_out_existing
    others = []

    def look_then_lose(wanted, report):
        missing = look(wanted, report)
        if not others:
            others.append(Run.objects.create(method=methods[0], seed=0, code_digest=methods[0].code_digest))
        return missing

    monkeypatch.setattr(services, "_leave_out_existing", look_then_lose)
    report = request_runs(methods=methods[:1], seeds=range(2))
    assert len(report.queued) == 1 and report.already_queued == [others[0].pk]
    assert Run.objects.count() == 2


def test_only_values_that_differ_from_the_defaults_count(methods):
    assert request_runs(methods=methods[:1], seeds=[0], params={"tau": 1.0}).queued
    assert not request_runs(methods=methods[:1], seeds=[0], params={"depth": 2}).queued
    report = request_runs(methods=methods[:1], seeds=[0], params={"tau": 2, "depth": 2})
    assert Run.objects.get(pk=report.queued[0]).params == {"tau": 2.0}


@pytest.mark.parametrize("fields,reason", [
    ({"setting": "odd"}, "sorting has no setting odd; it has default, harsh"),
    ({"scale": "gpu"}, "sorting has no scale gpu; it has smoke, full"),
    ({"params": {"tau": 9.0}}, "tau must be a number from 0 to 4, not 9.0"),
    ({"params": {"rho": 1}}, "no hyperparameter rho; it has tau, depth"),
])
def test_what_a_method_cannot_do_is_refused_with_the_reason(methods, fields, reason):
    report = request_runs(methods=methods[:1], **fields)
    assert report.refused == [("sorting/plain", reason)] and not report.queued


def test_methods_that_are_gone_are_refused_and_the_others_queued(methods):
    Method.objects.filter(pk=methods[1].pk).update(present=False)
    report = request_runs(methods=Method.objects.select_related("arena"), seeds=[0])
    assert report.refused == [("sorting/clever", "its file is not there any more")] and len(report.queued) == 2


@pytest.mark.parametrize("fields", [{"queue": "tpu"}, {"seeds": []}, {"seeds": [-1]}])
def test_senseless_requests_raise(methods, fields):
    with pytest.raises(ValueError):
        request_runs(methods=methods, **fields)


def test_all_settings_and_what_the_claims_compare(methods):
    plain, clever, bold = methods
    report = request_runs(methods=[plain], setting="all", seeds=[0])
    assert set(Run.objects.filter(pk__in=report.queued).values_list("setting", flat=True)) == {"default", "harsh"}
    Claim.objects.create(method=clever, position=0, kind="Beats", sentence="", rival="bold", metric="accuracy",
                         setting="harsh", terms=[
                             {"weight": 1, "method": "", "metric": "accuracy", "setting": "harsh"},
                             {"weight": -1, "method": "bold", "metric": "accuracy", "setting": "harsh"}])
    report = request_runs(methods=[clever], setting="claims", seeds=[5])
    asked = {(run.method.slug, run.setting) for run in Run.objects.filter(pk__in=report.queued)}
    assert asked == {("plain", "default"), ("clever", "default"), ("clever", "harsh"), ("bold", "harsh")}


def test_a_replay_measures_again(methods):
    add_runs(methods[0], {"accuracy": [70.0], "error": [0.3]})
    first = Run.objects.get()
    report = request_runs(methods=methods[:1], seeds=[0], replay_of=first)
    assert Run.objects.get(pk=report.queued[0]).replay_of == first


def test_asking_for_hundreds_takes_few_queries(arena, django_assert_max_num_queries):
    methods = [make_method(arena, f"method-{i}") for i in range(30)]
    with django_assert_max_num_queries(16):  # SQLite inserts some 37 rows at a time
        assert len(request_runs(methods=methods, seeds=range(10)).queued) == 300


# --- what people write ----------------------------------------------------------------------------

@pytest.mark.parametrize("text,seeds", [("3", [0, 1, 2]), (" 2-4 ", [2, 3, 4]), ("0,2,7-8", [0, 2, 7, 8]), ("7-7", [7]),
                                        (1, [0])])
def test_seeds_are_read(text, seeds):
    assert requests.parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["0", "", "a", "-3", "5-2", "1,,2", "0-99999999999", "99999999999", "1.5"])
def test_seeds_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match="seeds must be how many"):
        requests.parse_seeds(text)


def test_hyperparameters_are_read_from_texts(methods):
    assert requests.parse_params(methods[0], {"tau": " 0.5", "depth": ""}) == {"tau": 0.5}
    with pytest.raises(ValueError, match="depth must be a whole number of at least 1, not 'many'"):
        requests.parse_params(methods[0], {"depth": "many"})
    with pytest.raises(ValueError, match="has no hyperparameter rho"):
        requests.parse_params(methods[0], {"rho": "1"})


def test_targets(methods):
    plain, clever, bold = methods
    paper = Paper.objects.create(title="On cleverness", title_key="on cleverness")
    assert requests.find_target("method:sorting/bold").methods == [bold]
    assert set(requests.find_target("arena:sorting").methods) == set(methods)
    with pytest.raises(LookupError, match="no method is linked"):
        requests.find_target(f"paper:{paper.pk}")
    related = PaperLink.objects.create(paper=paper, method=bold, kind="related", origin="meaning", score=0.5)
    assert set(requests.find_target(f"paper:{paper.pk}").methods) == {bold, plain}
    Claim.objects.create(method=clever, position=0, kind="Beats", sentence="", rival="bold", metric="accuracy",
                         setting="default", terms=[{"weight": -1, "method": "bold", "metric": "accuracy",
                                                    "setting": "default"}])
    PaperLink.objects.create(paper=paper, method=clever, kind="implements", origin="card", state="accepted")
    assert set(requests.find_target(f"paper:{paper.pk}").methods) == {clever, plain, bold}
    PaperLink.objects.filter(paper=paper).exclude(pk=related.pk).update(state="rejected")
    assert set(requests.find_target(f"paper:{paper.pk}").methods) == {bold, plain}
    for text in ("method:sorting/none", "arena:none", "paper:0", "paper:x", "bold", ""):
        with pytest.raises(LookupError):
            requests.find_target(text)


# --- states ---------------------------------------------------------------------------------------

@pytest.fixture
def queued(methods):
    return request_runs(methods=methods[:1], seeds=range(3)).queued


def test_a_run_is_claimed_once(queued):
    run = start(queued[0])
    assert (run.state, run.worker, run.attempts) == (Run.RUNNING, "w1", 1) and run.cause == "running on w1"
    assert services.claim_run(pk=queued[0], worker="w2") is None
    assert services.claim_run(pk=10**9, worker="w2") is None


def test_an_outcome_is_recorded_once(queued):
    run = start(queued[0])
    assert services.record_progress(run, progress=0.5, text="step 1 of 2", log="hello", curve=[])
    assert services.record_outcome(run, outcome=OUTCOME, log="hello", device="cpu")
    assert not services.record_outcome(run, outcome=OUTCOME, log="again")
    run.refresh_from_db()
    assert (run.state, run.progress, run.log, run.seconds) == (Run.DONE, 1.0, "hello", 1.25)
    assert {s.metric: s.value for s in run.scores.all()} == OUTCOME["scores"]
    assert not services.record_progress(run, progress=0.1, text="", log="", curve=[])


def test_what_a_diverging_run_records_is_kept_as_far_as_it_is_a_number(queued):
    run, points = start(queued[0]), [{"step": 1, "loss": 2.0}, {"step": 2, "loss": math.nan, "bits": -math.inf}]
    assert services.record_progress(run, progress=0.5, text="", log="", curve=points)
    run.refresh_from_db()
    assert run.curve == [{"step": 1, "loss": 2.0}, {"step": 2}]
    services.record_failure(run, failure="method", cause="not finite", curve=points)
    run.refresh_from_db()
    assert (run.state, run.curve) == (Run.FAILED, [{"step": 1, "loss": 2.0}, {"step": 2}])
    other = start(queued[1])
    assert services.record_outcome(other, outcome=OUTCOME | {"curve": points, "counts": {"ratio": math.nan}}, log="")
    other.refresh_from_db()
    assert (other.curve, other.counts) == ([{"step": 1, "loss": 2.0}, {"step": 2}], {})


def test_a_worker_that_lost_its_run_writes_nothing(queued):
    """Given up, requeued and claimed by another, even by one of the same name: the old attempt has no say."""
    old = start(queued[0])
    Run.objects.filter(pk=old.pk).update(heartbeat_at=timezone.now() - services.LOST_AFTER * 2)
    assert services.sweep_runs(waiting=None) == {"lost": 1, "resent": 0}
    current = start(queued[0])
    assert not services.record_outcome(old, outcome=OUTCOME, log="")
    services.record_failure(old, failure="method", cause="too late")
    assert not services.record_progress(old, progress=0.9, text="", log="", curve=[])
    current.refresh_from_db()
    assert (current.state, current.attempts, current.scores.count()) == (Run.RUNNING, 2, 0)


@pytest.mark.parametrize("failure", ["machine", "lost"])
def test_what_the_machine_did_is_tried_three_times(queued, failure):
    for attempt in (1, 2, 3):
        run = start(queued[0])
        services.record_failure(run, failure=failure, cause="the disk is full", log="oh")
        run.refresh_from_db()
        assert run.attempts == attempt
        if attempt < 3:
            assert run.state == Run.QUEUED
            assert run.cause == f"the disk is full; trying again, attempt {attempt + 1} of 3"
    assert run.state == Run.FAILED and run.cause == "the disk is full; given up after 3 attempts"


@pytest.mark.parametrize("failure", ["method", "time", "memory"])
def test_what_the_method_did_is_not_tried_again(queued, failure):
    run = start(queued[0])
    services.record_failure(run, failure=failure, cause="KeyError: 'x'", log="Traceback", curve=[{"step": 1}])
    run.refresh_from_db()
    assert (run.state, run.failure, run.cause, run.log) == (Run.FAILED, failure, "KeyError: 'x'", "Traceback")
    assert run.curve == [{"step": 1}] and run.finished_at


def test_releasing_does_not_count_as_an_attempt(queued):
    run = start(queued[0])
    services.release_run(run, cause="its worker was stopped")
    assert start(queued[0]).attempts == 1


def test_cancel_and_retry(queued):
    assert services.cancel_run(pk=queued[0], by="ada") and not services.cancel_run(pk=queued[0], by="ada")
    assert services.claim_run(pk=queued[0], worker="w") is None
    run = services.retry_run(pk=queued[0], by="bob")
    assert (run.state, run.attempts, run.cause) == (Run.QUEUED, 0, "queued again by bob")
    assert "cancelled by ada" in run.log
    with pytest.raises(ValueError, match="is queued; only a failed or cancelled run"):
        services.retry_run(pk=queued[0], by="bob")


def test_retry_takes_the_present_code_and_refuses_a_twin(queued, methods):
    services.cancel_run(pk=queued[0], by="ada")
    Method.objects.filter(pk=methods[0].pk).update(code_digest="newer")
    assert services.retry_run(pk=queued[0], by="bob").code_digest == "newer"
    services.cancel_run(pk=queued[0], by="ada")
    methods[0].refresh_from_db()
    twin = request_runs(methods=methods[:1], seeds=[0]).queued[0]
    with pytest.raises(ValueError, match=f"run {twin} asks the same"):
        services.retry_run(pk=queued[0], by="bob")
    services.cancel_run(pk=twin, by="ada")
    Method.objects.filter(pk=methods[0].pk).update(present=False)
    with pytest.raises(ValueError, match="its file is not there any more"):
        services.retry_run(pk=queued[0], by="bob")


def test_other_code_than_asked_for(queued, methods):
    run = start(queued[0])
    assert services.adopt_code(run, digest=run.code_digest) == ""
    assert services.adopt_code(run, digest="newer") == ""
    run.refresh_from_db()
    assert run.code_digest == "newer" and run.stale
    other = Run.objects.create(method=run.method, seed=1, code_digest="newer", state=Run.DONE)
    late = start(queued[1])
    assert services.adopt_code(late, digest="newer").endswith(f"run {other.pk} measures the present code")


def test_the_sweep_spares_what_is_alive(queued):
    alive, silent, dead = (start(pk, worker=name) for pk, name in zip(queued, ("a", "b", "c"), strict=True))
    Run.objects.filter(pk=silent.pk).update(heartbeat_at=timezone.now() - services.LOST_AFTER * 2)
    DeviceLease.objects.create(device="gpu", run=dead, memory_mb=5)
    assert services.sweep_runs(waiting=None, dead_workers=["c"]) == {"lost": 2, "resent": 0}
    states = dict(Run.objects.values_list("pk", "state"))
    assert states == {alive.pk: Run.RUNNING, silent.pk: Run.QUEUED, dead.pk: Run.QUEUED}
    dead.refresh_from_db()
    silent.refresh_from_db()
    assert dead.cause.startswith("its worker died; trying again")
    assert silent.cause.startswith("its worker stopped answering at")
    assert not DeviceLease.objects.exists()


def test_whether_anyone_listens(methods):
    assert not services.listening("cpu")
    worker = Worker.objects.create(name="w", queues=["cpu"], seen_at=timezone.now())
    assert services.listening("cpu") and not services.listening("gpu")
    Worker.objects.filter(pk=worker.pk).update(seen_at=timezone.now() - services.LOST_AFTER * 2)
    assert not services.listening("cpu")


def test_without_a_broker_the_run_stays_queued_and_says_so(queued):
    """No broker is started for these tests."""
    assert services.send_runs(queued) is False
    run = Run.objects.get(pk=queued[0])
    assert run.state == Run.QUEUED and run.cause.startswith("the broker does not answer")
