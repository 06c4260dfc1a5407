"""The front page, the pages of runs and the Run button."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.template import Context, Template
from django.urls import reverse
from django.utils import timezone

from evaluations.models import Run, Verdict, Worker
from methods.models import Method, PaperLink
from papers.models import Paper
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method
from tests.services import empty_broker

pytestmark = pytest.mark.django_db

TAU = {"name": "tau", "type": "float", "default": 1.0, "help": "how strong", "low": 0.0, "high": 4.0, "choices": None}
HOW = {"name": "how", "type": "str", "default": "fast", "help": "the way", "low": None, "high": None,
       "choices": ["fast", "slow"]}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def arena():
    return make_arena()


@pytest.fixture
def method(arena):
    make_method(arena, "plain")
    return make_method(arena, "clever", params=[TAU, HOW])


@pytest.fixture
def reader(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("reader"))
    return client


@pytest.fixture
def runner(client, django_user_model):
    """Someone who may request, cancel and retry runs."""
    user = django_user_model.objects.create_user("runner")
    user.user_permissions.add(*Permission.objects.filter(codename__in=["add_run", "change_run"],
                                                         content_type__app_label="evaluations"))
    client.force_login(user)
    return client


@pytest.fixture
def listening():
    return Worker.objects.create(name="cpu@here:1", queues=["cpu"], seen_at=timezone.now())


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


# --- front page -----------------------------------------------------------------------------------

def test_an_empty_front_page_says_what_to_do(client):
    page = text(client.get("/"))
    assert "There are no papers yet" in page and "manage.py ingest" in page
    assert "Nothing is measured yet" in page and "manage.py sync_methods" in page and "Nothing is running" in page


def test_the_front_page_shows_what_is_new(client, method, listening):
    Paper.objects.create(title="On <b>cleverness</b>", title_key="k")
    add_runs(method, {"accuracy": draws(70), "error": draws(1)})
    add_runs(method, {"accuracy": draws(10), "error": draws(1)}, scale="smoke", days=1)
    Run.objects.create(method=method, seed=50, state=Run.RUNNING, code_digest="x", progress=0.42,
                       progress_text="step 42 of 100", started_at=timezone.now())
    page = text(client.get("/"))
    assert "On &lt;b&gt;cleverness&lt;/b&gt;" in page
    assert "±" in page and "%</td>" in page and ">6</td>" in page, "mean, interval, unit and seeds"
    assert "default, full" in page and "default, smoke" not in page
    assert "step 42 of 100" in page and 'value="42"' in page


def test_smoke_results_appear_only_alone(client, method):
    add_runs(method, {"accuracy": draws(10), "error": draws(1)}, scale="smoke")
    assert "default, smoke" in text(client.get("/"))


def test_the_front_page_counts_present_verdicts(client, method):
    from evaluations.models import Claim
    claim = Claim.objects.create(method=method, position=0, kind="Beats", sentence="better accuracy than plain",
                                 rival="plain", metric="accuracy", setting="default", terms=[])
    fields = {"claim": claim, "n": 5, "difference": 1.0, "low": 0.5, "high": 1.5, "effect_size": 2.0, "basis": "b"}
    Verdict.objects.create(status="inconclusive", current=False, **fields)
    Verdict.objects.create(status="confirmed", **fields)
    page = text(client.get("/"))
    assert '?verdict=confirmed">1 claim confirmed</a>' in page and '?verdict=refuted">0 refuted</a>' in page
    assert "Clever reaches 1.00 points more accuracy than Plain; five seeds agree." in page


def test_the_front_page_takes_a_fixed_number_of_queries(client, arena, django_assert_max_num_queries):
    for i in range(12):
        add_runs(make_method(arena, f"m{i}"), {"accuracy": draws(70), "error": draws(1)})
        Paper.objects.create(title=f"Paper {i}", title_key=f"k{i}")
    with django_assert_max_num_queries(33):
        assert client.get("/").status_code == 200


def test_activity_warns_of_queues_nobody_listens_to(client, method):
    Run.objects.create(method=method, seed=0, code_digest="x", queue="gpu")
    page = text(client.get("/", headers=HTMX))
    assert page.startswith('<div id="activity"') and "no worker listens to it" in page and "1 queued" in page


# --- list -----------------------------------------------------------------------------------------

def test_runs_are_listed_filtered_and_paged(client, method, django_assert_max_num_queries):
    add_runs(method, {"accuracy": draws(70, 60), "error": draws(1, 60)})
    Run.objects.create(method=method, seed=99, code_digest=method.code_digest, state=Run.FAILED, cause="KeyError: 'x'")
    with django_assert_max_num_queries(12):
        page = text(client.get("/runs/"))
    assert "61 runs, page 1 of 2" in page and "KeyError" in page
    assert text(client.get("/runs/?page=2")).count("<tr>") == 11 + 1
    page = text(client.get("/runs/?state=failed&arena=sorting&method=clever&queue=cpu"))
    assert "1 runs" in page and "KeyError" in page
    assert "No run fits this filter" in text(client.get("/runs/?state=failed&queue=gpu"))
    assert client.get("/runs/?page=nonsense&paper=x").status_code == 200


def test_an_empty_list_says_what_to_do(client):
    assert "Nothing has been run yet" in text(client.get("/runs/"))


def test_the_list_moves_only_while_something_is_active(client, method):
    run = Run.objects.create(method=method, seed=0, code_digest="x")
    fragment = text(client.get("/runs/?arena=sorting", headers=HTMX))
    assert fragment.startswith('<div id="runs" hx-get="/runs/?arena=sorting"')
    Run.objects.filter(pk=run.pk).update(state=Run.DONE)
    assert "hx-trigger" not in text(client.get("/runs/?arena=sorting", headers=HTMX))


# --- one run --------------------------------------------------------------------------------------

@pytest.fixture
def done(method):
    add_runs(method, {"accuracy": [71.25], "error": [0.5]}, params={"tau": 2.0, "gone": 1}, params_key="k",
             curve=[{"step": 0, "loss": 2.0}, {"step": 5, "loss": 1.5}, {"step": 10, "loss": 1.25}],
             log="<script>alert(1)</script>", worker="cpu@here:1", device="cpu", cause="finished in 2.0 s")
    return Run.objects.get()


def test_a_finished_run_shows_everything(client, done):
    page = text(client.get(f"/runs/{done.pk}/"))
    for shown in ("Accuracy", "71.25", "Clever", "finished in 2.0 s", "2.00 s", "300 MB", "Abacus 3000", "cpu@here:1",
                  "<strong>2.0</strong>", "default 1.0", "<code>gone</code>",
                  "1,000", "&lt;script&gt;", "loss by step; 1.250 at step 10",
                  "manage.py evaluate sorting --method clever --setting default --scale full --seeds 0-0 "
                  "--param tau=2.0 gone=1 --wait"):
        assert shown in page, shown
    assert "every 1s" not in page.split("<main")[1] and "<script>alert" not in page
    assert 'points="60.0,10.0 345.0' in page, "the curve starts at the top left"


def test_another_codes_run_is_marked(client, done):
    Method.objects.update(code_digest="newer")
    assert "This is about version" in text(client.get(f"/runs/{done.pk}/"))
    assert "other code" in text(client.get("/runs/"))


def test_a_running_run_moves_and_a_finished_one_stops(client, method):
    run = Run.objects.create(method=method, seed=0, code_digest="x", state=Run.RUNNING, progress=0.5, log="so far",
                             cause="running on w", progress_text="step 1 of 2", started_at=timezone.now())
    fragment = text(client.get(f"/runs/{run.pk}/", headers=HTMX))
    assert f'hx-get="/runs/{run.pk}/"' in fragment and "every 1s" in fragment and "<html" not in fragment
    assert "so far" in fragment and 'value="50"' in fragment and "step 1 of 2" in fragment
    Run.objects.filter(pk=run.pk).update(state=Run.FAILED, cause="KeyError: 'x'", failure="method")
    fragment = text(client.get(f"/runs/{run.pk}/", headers=HTMX))
    assert "hx-trigger" not in fragment and "KeyError: &#x27;x&#x27;" in fragment


@pytest.fixture
def broker_up():
    with empty_broker() as server:
        yield server


def test_a_queued_run_says_that_the_broker_is_away(client, method, listening):
    run = Run.objects.create(method=method, seed=0, code_digest="x", cause="waiting for a worker of the cpu queue")
    page = text(client.get(f"/runs/{run.pk}/"))
    assert "the broker does not answer; this run starts as soon as it is back" in page and "it is next" not in page


def test_a_queued_run_says_why_it_waits(client, method, listening, broker_up):
    first = Run.objects.create(method=method, seed=0, code_digest="x", cause="waiting for a worker of the cpu queue")
    second = Run.objects.create(method=method, seed=1, code_digest="x", cause="waiting for a worker of the cpu queue")
    assert "it is next" in text(client.get(f"/runs/{first.pk}/"))
    assert "1 runs were queued before it" in text(client.get(f"/runs/{second.pk}/"))
    Worker.objects.all().delete()
    assert "no worker listens to the queue cpu: start one" in text(client.get(f"/runs/{first.pk}/"))


def test_replays_are_compared(client, done):
    add_runs(done.method, {"accuracy": [71.0], "error": [0.5]}, params=done.params, params_key="k", replay_of=done,
             environment={"processor": "Slide rule"})
    page = text(client.get(f"/runs/{done.pk}/"))
    assert "The number did not come back" in page and "-0.25</td>" in page
    assert "processor <code>Abacus 3000</code> → <code>Slide rule</code>" in page


def test_buttons_are_for_those_who_may(client, done, runner):
    assert "Replay" in text(runner.get(f"/runs/{done.pk}/"))
    client.logout()
    assert "Replay" not in text(client.get(f"/runs/{done.pk}/"))


def test_cancel_retry_and_replay_buttons(runner, done, broker_up):
    run = Run.objects.create(method=done.method, seed=7, code_digest=done.method.code_digest)
    answer = runner.post(f"/runs/{run.pk}/cancel/", follow=True)
    assert "cancelled by runner" in text(answer) and "Try again" in text(answer)
    assert "had ended before" in text(runner.post(f"/runs/{run.pk}/cancel/", follow=True))
    assert "queued again by runner" in text(runner.post(f"/runs/{run.pk}/retry/", follow=True))
    assert "only a failed or cancelled run" in text(runner.post(f"/runs/{run.pk}/retry/", follow=True))
    Run.objects.filter(pk=done.pk).update(params={"tau": 2.0})
    answer = runner.post(f"/runs/{done.pk}/replay/", follow=True)
    assert f'a replay of <a href="/runs/{done.pk}/">' in text(answer)
    assert runner.get("/runs/999999/").status_code == 404


@pytest.mark.parametrize("path", ["cancel", "retry", "replay"])
def test_who_may_not_is_refused(client, reader, done, path):
    assert reader.post(f"/runs/{done.pk}/{path}/").status_code == 403
    assert reader.get(f"/runs/{done.pk}/{path}/").status_code == 403
    client.logout()
    assert client.post(f"/runs/{done.pk}/{path}/").url.startswith("/login/")


# --- the Run button -------------------------------------------------------------------------------

def button(client, tag: str, **context) -> str:
    request = client.get("/login/").wsgi_request
    return " ".join(Template("{% load run_tags %}{% " + tag + " %}").render(
        Context({"request": request, **context})).split())


def test_the_button_offers_settings_scales_and_hyperparameters(runner, method):
    html = button(runner, "run_button method", method=method)
    for shown in ('value="method:sorting/clever"', "harsh: the harsh case", "<option>smoke</option>",
                  "<option selected>full</option>", 'name="param-tau"', 'placeholder="1.0"',
                  "how strong; from 0.0 to 4.0", "<option selected>fast</option>",
                  "No worker listens to the queue cpu"):
        assert shown in html, shown


def test_the_button_for_strangers_and_for_those_who_may_not(client, reader, method):
    assert "may not start runs" in button(reader, "run_button method", method=method)
    client.logout()
    assert "Log in to run" in button(client, "run_button method", method=method)
    Method.objects.filter(pk=method.pk).update(present=False)
    method.refresh_from_db()
    assert "its file is not there any more" in button(client, "run_button method", method=method).lower()


def test_the_buttons_of_arenas_and_papers(runner, arena, method):
    assert 'value="arena:sorting"' in button(runner, "arena_run_button arena", arena=arena)
    paper = Paper.objects.create(title="P", title_key="p")
    assert "No method is linked to this paper yet" in button(runner, "paper_run_button paper", paper=paper)
    PaperLink.objects.create(paper=paper, method=method, kind="implements", origin="card")
    html = button(runner, "paper_run_button paper", paper=paper)
    assert "what the claims compare" in html and "Clever, Plain" in html or "Plain, Clever" in html


def test_pressing_run_queues_and_follows(runner, method, listening, django_capture_on_commit_callbacks):
    form = {"target": "method:sorting/clever", "setting": "harsh", "scale": "full", "seeds": "2", "queue": "cpu",
            "param-tau": "2", "param-how": "fast"}
    fragment = text(runner.post("/runs/request/", form, headers=HTMX))
    run = Run.objects.first()
    assert "<strong>0 of 2 done</strong>, 2 queued" in fragment
    assert f'hx-get="/runs/request/{run.request_key}/"' in fragment
    assert run.params == {"tau": 2.0} and run.setting == "harsh" and run.requested_by.username == "runner"
    Run.objects.filter(seed=0).update(state=Run.DONE)
    Run.objects.filter(seed=1).update(state=Run.RUNNING, progress=0.5)
    fragment = text(runner.get(f"/runs/request/{run.request_key}/", headers=HTMX))
    assert "1 of 2 done" in fragment and 'value="75"' in fragment
    Run.objects.filter(seed=1).update(state=Run.FAILED, cause="KeyError: 'x'")
    fragment = text(runner.get(f"/runs/request/{run.request_key}/", headers=HTMX))
    assert "hx-trigger" not in fragment and "1 failed" in fragment and "KeyError" in fragment
    assert '<a href="/arenas/sorting/">See the table of Sorting</a>' in fragment
    fragment = text(runner.post("/runs/request/", form | {"seeds": "1"}, headers=HTMX))
    assert "1 already measured by the present code" in fragment and "See the table of Sorting" in fragment


def test_pressing_run_without_script(runner, method):
    answer = runner.post("/runs/request/", {"target": "arena:sorting", "seeds": "1"})
    run = Run.objects.first()
    assert answer.url == f"/runs/?request={run.request_key}"
    page = text(runner.get(answer.url))
    assert "2 queued" in page and "0 of 2 done" in page
    assert runner.get(f"/runs/request/{run.request_key}/").url == f"/runs/?request={run.request_key}"
    assert runner.get("/runs/request/0000/").status_code == 404


@pytest.mark.parametrize("form,said", [
    ({"target": "method:sorting/none"}, "there is no method sorting/none"),
    ({"target": "method:sorting/clever", "seeds": "many"}, "seeds must be how many"),
    ({"target": "method:sorting/clever", "param-tau": "9"}, "tau must be a number from 0 to 4"),
    ({"target": "method:sorting/clever", "setting": "odd"}, "has no setting odd"),
    ({"target": "method:sorting/clever", "queue": "tpu"}, "no queue tpu"),
    ({}, "names nothing that can be run"),
])
def test_a_wrong_form_is_answered_with_what_is_wrong(runner, method, form, said):
    assert said in text(runner.post("/runs/request/", form, headers=HTMX))
    assert said in text(runner.post("/runs/request/", form, follow=True))
    assert not Run.objects.exists()


def test_nobody_listening_is_said_at_once(runner, method):
    fragment = text(runner.post("/runs/request/", {"target": "method:sorting/clever", "queue": "gpu", "seeds": "1"},
                                headers=HTMX))
    assert "No worker listens to the queue gpu" in fragment


def test_a_methods_runs_are_listed_on_its_page(client, done):
    html = button(client, "method_runs method", method=done.method)
    assert "71.25 %" in html and "All 1 runs" in html
    assert "It has not been run yet" in button(client, "method_runs method", method=make_method(
        done.method.arena, "new"))


def test_requests_need_the_permission(client, reader, method):
    assert reader.post("/runs/request/", {"target": "arena:sorting"}).status_code == 403
    assert not Run.objects.exists()


def test_polls_are_answered_without_rendering_until_something_changes(client, method):
    run = Run.objects.create(method=method, seed=0, code_digest=method.code_digest, state=Run.RUNNING,
                             request_key="asked")
    detail, rows = reverse("run_detail", args=[run.pk]), f"{reverse('run_list')}?state=active"
    progress, front = reverse("run_request_progress", args=["asked"]), reverse("home")

    def seen_in(response):
        return re.search(r'"Seen": "(\w+)"', response.content.decode()).group(1)

    def poll(address, seen):
        return client.get(address, HTTP_HX_REQUEST="true", HTTP_SEEN=seen)

    addresses = detail, rows, progress, front
    seen = {address: seen_in(client.get(address, HTTP_HX_REQUEST="true")) for address in addresses}
    for address in (detail, rows, front):
        assert seen_in(client.get(address)) == seen[address]  # the page begins where its polls go on
    for address in seen:
        answer = poll(address, seen[address])
        assert (answer.status_code, answer.content) == (204, b"")
    Run.objects.filter(pk=run.pk).update(progress=0.5, progress_text="half of it")
    for address in seen:
        answer = poll(address, seen[address])
        assert answer.status_code == 200 and "50" in answer.content.decode()
    seen = seen_in(poll(detail, "nothing"))
    Run.objects.filter(pk=run.pk).update(log="a line")
    assert "a line" in poll(detail, seen).content.decode()
    assert client.get(detail, HTTP_SEEN=seen_in(poll(detail, ""))).status_code == 200  # a page, not a poll
