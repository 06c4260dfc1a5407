"""Frozen tables: kept to the last digit, cited by address, compared with today; and the runs behind each number."""

from __future__ import annotations

import json
import re
from urllib.parse import urljoin

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import QueryDict
from django.test import Client

from config.accounts.models import ApiToken
from evaluations.arenas.table_part import shown_columns
from evaluations.claims.verdicts import update_verdicts
from evaluations.models import Claim, Run, Score, Snapshot
from evaluations.snapshots import services
from evaluations.snapshots.changes import NOTHING_SHARED, OTHER_SEEDS, REMEASURED, SAME, changes_since, move
from evaluations.snapshots.frozen import content_key, freeze, thaw
from evaluations.tables.build import TableError, build_settings_table, build_table
from evaluations.tables.cells import cell_runs
from evaluations.tables.renderers.registry import formats, render
from evaluations.tables.state import read_state
from methods.models import Arena
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.fixture
def arena():
    arena = make_arena()
    for i, (slug, mean) in enumerate([("plain", 50), ("good", 70), ("twin", 70)]):
        method = make_method(arena, slug, fidelity="core" if i else "")
        for setting in ("default", "harsh"):
            add_runs(method, {"accuracy": draws(mean, seed=i), "error": draws(5, seed=i)}, setting=setting)
    add_runs(make_method(arena, "old"), {"accuracy": [1.0, 2.0], "error": [1.0, 2.0]}, code="before")
    make_method(arena, "idle")
    Claim.objects.create(
        method=arena.methods.get(slug="good"), position=0, kind="Beats", rival="plain", metric="accuracy",
        sentence="better accuracy than plain", setting="default", terms=[
            {"weight": 1, "method": "", "metric": "accuracy", "setting": "default"},
            {"weight": -1, "method": "plain", "metric": "accuracy", "setting": "default"}])
    update_verdicts(arena=arena)
    return arena


@pytest.fixture
def person(django_user_model):
    return django_user_model.objects.create_user("ada")


def allow(person, *codenames):
    person.user_permissions.add(*Permission.objects.filter(codename__in=codenames))


def freeze_now(arena, query="", **fields) -> Snapshot:
    made = services.freeze_table(arena=arena, state=read_state(arena, QueryDict(query)), **fields)
    return Snapshot.objects.get(pk=made.pk)  # as the database gives it back


def changes(snapshot):
    arena = Arena.objects.filter(pk=snapshot.arena).first()
    return changes_since(snapshot, arena, services.state_of(snapshot, arena))


# --- kept -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("query", ["", "vs=baseline&sort=-error", "view=settings", "methods=plain,good&metrics=error"])
def test_a_thawed_table_is_the_table(arena, query):
    table = read_state(arena, QueryDict(query)).build(arena)
    snapshot = freeze_now(arena, query)
    again = services.table_of(snapshot)
    assert again == table and again.digest == table.digest == snapshot.digest
    for name in set(formats()) - {"xlsx", "every_eval_ever"}:  # those two carry the time of writing
        assert render(again, name) == render(table, name), name
    assert again.caption() == table.caption() and again.lines() == table.lines()


def test_data_of_an_older_version_is_still_read(arena):
    data = freeze(build_table(arena))
    data["rows"][0]["unknown_since"] = 1
    del data["columns"][0]["chance"]
    assert thaw(data).columns[0].chance is None


def test_the_address_is_made_of_the_content(arena, person):
    first, again = freeze_now(arena, by=person), freeze_now(arena, title="another title")
    assert first.key == again.key and again.title == first.title and Snapshot.objects.count() == 1
    assert services.is_intact(first)
    assert content_key([1e16, {"a": 3}]) == content_key([10**16, {"a": 3.0}]) != content_key([1e16, {"a": 4}])
    add_runs(arena.methods.get(slug="idle"), {"accuracy": [3.0], "error": [1.0]})
    assert freeze_now(arena).key != first.key


def test_tampering_shows(arena, client):
    snapshot = freeze_now(arena)
    table = snapshot.table
    table["rows"][0]["cells"]["accuracy"]["mean"] += 1
    with connection.cursor() as cursor:
        cursor.execute("UPDATE evaluations_snapshot SET \"table\" = %s WHERE key = %s",
                       [json.dumps(table), snapshot.key])
    assert "not intact" in text_of(client.get(f"/snapshots/{snapshot.key}/"))
    assert client.get(f"/api/snapshots/{snapshot.key}").json()["intact"] is False


def test_a_snapshot_outlives_its_arena(arena, client):
    snapshot = freeze_now(arena)
    before = render(services.table_of(snapshot), "csv")
    arena.delete()
    assert render(services.table_of(Snapshot.objects.get()), "csv") == before
    shown = text_of(client.get(f"/snapshots/{snapshot.key}/"))
    assert "the arena is not there any more" in shown and "Good" in shown


def test_it_keeps_runs_codes_and_environments(arena):
    snapshot = freeze_now(arena)
    runs = {run.seed: run.pk for run in Run.objects.filter(method__slug="good", setting="default")}
    assert {int(seed): run for seed, run in snapshot.table["runs"]["good"]["default"].items()} == runs
    assert services.codes_of(snapshot)["old"] == {"default": "before"}
    [environment] = snapshot.environments
    assert environment["runs"] == 20 and environment["facts"] == {"processor": "Abacus 3000"}
    assert "torch" in environment["unrecorded"] and "processor" not in environment["unrecorded"]


def test_an_empty_table_is_not_frozen():
    arena = make_arena("fresh")
    make_method(arena, "plain")
    with pytest.raises(ValueError, match="nothing to freeze"):
        freeze_now(arena)


# --- what changed since ---------------------------------------------------------------------------

def test_nothing_changed(arena, client):
    snapshot = freeze_now(arena)
    assert changes(snapshot).nothing
    assert "same methods, scores, tiers, code and verdicts" in text_of(client.get(f"/snapshots/{snapshot.key}/"))


def test_added_and_removed_methods_and_tiers(arena):
    snapshot = freeze_now(arena)
    add_runs(arena.methods.get(slug="idle"), {"accuracy": draws(90, seed=9), "error": draws(5)})
    Run.objects.filter(method__slug="twin", setting="default").delete()
    found = changes(snapshot)
    assert (found.added, found.removed) == (("Idle",), ("Twin",))
    moved = {(c.method, c.column.key): (c.tier_then, c.tier_now, c.move.kind) for c in found.cells}
    assert moved["good", "accuracy"] == (1, 2, SAME)
    assert found.codes == () and found.verdicts == ()


def test_new_code_is_measured_again_and_the_verdict_flips(arena, client):
    snapshot = freeze_now(arena)
    assert snapshot.claims[0]["status"] == "confirmed"
    good = arena.methods.get(slug="good")
    arena.methods.filter(pk=good.pk).update(code_digest="new code")
    good.refresh_from_db()
    add_runs(good, {"accuracy": [value - 40 for value in draws(70, seed=1)], "error": draws(5, seed=1)}, days=3)
    update_verdicts(arena=arena)
    found = changes(snapshot)
    [cell] = [c for c in found.cells if c.method == "good" and c.column.key == "accuracy"]
    assert cell.move.kind == REMEASURED and cell.move.difference == pytest.approx(-40) and cell.clear
    assert (cell.tier_then, cell.tier_now) == (1, 3)
    assert [(c.method, c.then, c.now) for c in found.codes] == [("good", "code of good", "new code")]
    assert [(v.then, v.now) for v in found.verdicts] == [("confirmed", "refuted")]
    shown = text_of(client.get(f"/snapshots/{snapshot.key}/"))
    assert "confirmed → refuted" in shown and "measured again" in shown and "Good: higher accuracy than Plain" in shown
    assert found.summary == ("1 mean moved, 1 of them by more than its interval, 1 tier changed, "
                             "1 method with other code, 1 verdict changed")


def test_more_seeds_are_more_seeds(arena):
    snapshot = freeze_now(arena)
    plain = arena.methods.get(slug="plain")
    for seed in (6, 7, 8):
        run = Run.objects.create(method=plain, seed=seed, state=Run.DONE, code_digest=plain.code_digest)
        Score.objects.bulk_create([Score(run=run, metric="accuracy", value=52.0 + seed),
                                   Score(run=run, metric="error", value=5.0)])
    [cell] = [c for c in changes(snapshot).cells if c.method == "plain" and c.column.key == "accuracy"]
    assert (cell.seeds_then, cell.seeds_now, cell.move.kind) == (6, 9, OTHER_SEEDS)
    assert cell.move.low < cell.move.difference < cell.move.high and cell.clear


def test_the_state_may_be_gone(arena):
    snapshot = freeze_now(arena, "metrics=error")
    Arena.objects.update(metrics=[metric for metric in arena.metrics if metric["name"] != "error"])
    assert "no metric error" in changes(snapshot).problem


def test_moves():
    assert move({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0}).kind == SAME
    again = move({0: 1.0, 1: 2.0, 2: 3.0}, {0: 2.0, 1: 3.5, 2: 4.5})
    assert again.kind == REMEASURED and again.difference == pytest.approx(4 / 3)
    # differences 1, 1.5, 1.5: sd 0.288675, half width 4.302653 * 0.288675 / sqrt 3
    assert again.high - again.difference == pytest.approx(0.717109, abs=1e-5)
    grown = move({0: 1.0, 1: 3.0}, {0: 1.0, 1: 3.0, 2: 5.0, 3: 7.0})
    # the mean goes from 2 to 4; Welch of (5, 7) against (1, 3): 4 +- 4.302653 * sqrt 2, halved
    assert (grown.kind, grown.difference) == (OTHER_SEEDS, 2.0)
    assert (grown.low, grown.high) == pytest.approx((2 - 3.042435, 2 + 3.042435), abs=1e-5)
    shrunk = move({0: 1.0, 1: 3.0, 2: 5.0, 3: 7.0}, {0: 1.0, 1: 3.0})
    assert (shrunk.difference, shrunk.low, shrunk.high) == pytest.approx((-2.0, -5.042435, 1.042435), abs=1e-5)
    assert move({0: 1.0, 1: 3.0}, {0: 1.0, 2: 3.5}).low is None
    apart = move({0: 1.0, 1: 3.0}, {2: 5.0, 3: 7.0})
    assert apart.kind == NOTHING_SHARED and apart.difference == 4 and apart.low < 4 < apart.high
    assert move({0: 1.0}, {1: 2.0}).low is None


def test_intervals_of_grown_means_cover():
    """Scores that are all of one kind: the move of the mean is real luck, and its interval covers zero in 95 %."""
    import numpy as np
    generator, covered = np.random.default_rng(0), 0
    for _ in range(2000):
        scores = dict(enumerate(generator.normal(size=20)))
        found = move({seed: scores[seed] for seed in range(8)}, scores)
        covered += found.low <= 0 <= found.high
    assert 0.935 < covered / 2000 < 0.975


# --- pages, permissions, API ----------------------------------------------------------------------

def test_freezing_needs_login_permission_and_token(arena, client, person):
    address = f"/arenas/{arena.slug}/freeze/"
    assert client.post(address, {"state": ""}).url.startswith("/login/")
    client.force_login(person)
    assert client.post(address, {"state": ""}).status_code == 403
    assert "Freeze this table" not in text_of(client.get(f"/arenas/{arena.slug}/"))
    allow(person, "add_snapshot")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person)
    assert strict.post(address, {"state": ""}).status_code == 403
    assert client.get(address).status_code == 405 and not Snapshot.objects.exists()


def test_a_button_freezes_the_state_on_screen(arena, client, person):
    allow(person, "add_snapshot")
    client.force_login(person)
    page = client.get(f"/arenas/{arena.slug}/?metrics=error&sort=error").content.decode()
    assert 'name="state" value="metrics=error&amp;sort=error"' in page
    form = {"state": "metrics=error&sort=error", "title": "For the talk"}
    answer = client.post(f"/arenas/{arena.slug}/freeze/", form, follow=True)
    snapshot = Snapshot.objects.get()
    assert answer.redirect_chain == [(f"/snapshots/{snapshot.key}/", 302)]
    shown, html = text_of(answer), answer.content.decode()
    assert "For the talk" in shown and "frozen by ada" in shown and "Which method is best at sorting?" in shown
    assert snapshot.query == "metrics=error&sort=error" and "?metrics=error&amp;sort=error" in html
    for line in build_table(arena, metrics=["error"]).lines():
        for cell in line:
            assert cell.text in shown
    for name in formats():
        assert f"/api/snapshots/{snapshot.key}/table?format={name}" in html
    assert "style=" not in html and "onclick" not in html
    assert "For the talk" in text_of(client.get("/snapshots/")) and "For the talk" in text_of(
        client.get(f"/arenas/{arena.slug}/"))
    wrong = client.post(f"/arenas/{arena.slug}/freeze/", {"state": "setting=odd"}, follow=True)
    assert "Nothing was frozen" in text_of(wrong)


def test_only_the_title_changes(arena, client, person):
    snapshot = freeze_now(arena)
    address = f"/snapshots/{snapshot.key}/title/"
    assert client.post(address, {"title": "x"}).url.startswith("/login/")
    client.force_login(person)
    assert client.post(address, {"title": "x"}).status_code == 403
    allow(person, "change_snapshot")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person)
    assert strict.post(address, {"title": "x"}).status_code == 403
    assert "A better title" in text_of(client.post(address, {"title": " A better  title"}, follow=True))
    assert "Nothing was changed" in text_of(client.post(address, {"title": " "}, follow=True))
    after = Snapshot.objects.get()
    assert after.title == "A better title" and services.is_intact(after) and after.frozen_at == snapshot.frozen_at


def test_titles_are_escaped(arena, client):
    freeze_now(arena, title="<script>alert(1)</script>")
    key = Snapshot.objects.get().key
    for address in ("/snapshots/", f"/snapshots/{key}/", f"/arenas/{arena.slug}/"):
        assert "<script>alert" not in client.get(address).content.decode()


def test_pages_without_snapshots(arena, client):
    assert "No table is frozen yet" in text_of(client.get("/snapshots/"))
    assert client.get("/snapshots/nothing/").status_code == 404
    assert client.get("/api/snapshots/nothing").status_code == 404


def test_a_long_table_shows_its_first_rows_and_the_baseline_and_unfolds(arena, client):
    for i in range(70):  # worse than two, better than the baseline
        add_runs(make_method(arena, f"crowd-{i:03}"), {"accuracy": draws(60 - i * 0.1, 2, seed=i),
                                                       "error": draws(5, 2, seed=i)})
    snapshot = freeze_now(arena)
    number = len(services.table_of(snapshot).rows)
    first, every = (client.get(f"/snapshots/{snapshot.key}/", query).text for query in ({}, {"rows": "all"}))
    shown, unfolded = (page.split("<tbody>")[1].split("</tbody>")[0] for page in (first, every))
    assert shown.count("<tr") == 11 and "Plain" in shown and f"Show all {number} methods" in first
    assert unfolded.count("<tr") == number > 61 and "Show all" not in every
    assert f"The best 11 of {number - 1} methods" in first  # one was never measured


def test_the_api(arena, client, person):
    _, token = ApiToken.issue(user=person, name="test")
    headers = {"authorization": f"Bearer {token}"}
    body = {"arena": arena.slug, "query": "view=settings", "title": "Both settings"}

    def send(verb, address, data):
        return getattr(client, verb)(address, data, content_type="application/json", headers=headers)

    assert client.post("/api/snapshots", body, content_type="application/json").status_code == 401
    assert send("post", "/api/snapshots", body).status_code == 403
    allow(person, "add_snapshot", "change_snapshot")
    made = send("post", "/api/snapshots", body)
    key = made.json()["key"]
    assert made.status_code == 201 and made.json()["frozen_by"] == "ada" and made.json()["intact"]
    assert send("post", "/api/snapshots", body | {"query": "setting=odd"}).status_code == 400
    assert send("post", "/api/snapshots", body | {"arena": "nowhere"}).status_code == 404
    assert send("patch", f"/api/snapshots/{key}", {"title": "New"}).json()["title"] == "New"
    assert send("patch", f"/api/snapshots/{key}", {"title": ""}).status_code == 400
    assert send("delete", f"/api/snapshots/{key}", {}).status_code == 405
    assert [row["key"] for row in client.get("/api/snapshots?arena=sorting").json()["items"]] == [key]
    table = client.get(f"/api/snapshots/{key}/table")
    assert table.json()["digest"] == build_settings_table(arena).digest == made.json()["digest"]
    assert f"snapshot-{key}-sorting-settings-full.json" in table["Content-Disposition"]
    assert client.get(f"/api/snapshots/{key}/table?format=pdf").status_code == 400
    add_runs(arena.methods.get(slug="idle"), {"accuracy": draws(90), "error": draws(1)})
    assert client.get(f"/api/snapshots/{key}").json()["changes"]["added"] == ["Idle"]


# --- the runs behind a number ---------------------------------------------------------------------

@pytest.mark.parametrize("query", ["", "setting=harsh", "view=settings", "vs=baseline"])
def test_every_number_leads_to_exactly_its_runs(arena, client, query):
    table = read_state(arena, QueryDict(query)).build(arena)
    html = client.get(f"/arenas/{arena.slug}/?{query}").content.decode()
    links = re.findall(r'<a class="cell" href="([^"]+)"', html)
    shown = shown_columns(table).keys  # the others are the same in every row
    cells = [(row.method, key) for row in table.rows for key in row.cells if key in shown]
    assert len(links) >= len(cells) > 0
    for row in table.rows:
        for key, cell in row.cells.items():
            if key not in shown:
                continue
            [link] = [each for each in links if f"cells/{row.method}/" in each
                      and each.endswith(f"column={key.replace('@', '%40')}")]
            page = client.get(urljoin(f"/arenas/{arena.slug}/", link.replace("&amp;", "&")))
            seeds = re.findall(r'<tr><td class="num">(\d+)</td><td><a href="/runs/(\d+)/">', page.content.decode())
            assert [int(seed) for seed, _ in seeds] == list(cell.by_seed)
            column = table.column(key)
            for seed, run in seeds:
                found = Run.objects.get(pk=run)
                assert (found.method.slug, found.setting, found.scale) == (row.method, column.setting, "full")
                if column.kind == "metric":
                    stored = found.scores.get(metric=key.partition("@")[0]).value
                    assert stored == cell.by_seed[int(seed)]


def test_a_cell_shows_the_baseline_at_the_same_seed_and_replays(arena, client):
    good = arena.methods.get(slug="good")
    first = Run.objects.get(method=good, setting="default", seed=0)
    again = Run.objects.create(method=good, seed=0, state=Run.DONE, code_digest=good.code_digest, replay_of=first)
    cell = cell_runs(arena, good, "accuracy")
    plain = Run.objects.get(method__slug="plain", setting="default", seed=0)
    assert cell.rows[0].baseline_run == plain.pk and cell.rows[0].replays == (again.pk,)
    assert cell.rows[0].difference == pytest.approx(cell.rows[0].value - plain.scores.get(metric="accuracy").value)
    assert cell_runs(arena, arena.methods.get(slug="plain"), "accuracy").rows[0].baseline_run is None
    assert cell_runs(arena, good, "seconds").is_cost
    record = client.get(f"/api/arenas/{arena.slug}/cells/good?column=accuracy").json()
    assert [row["run"] for row in record["runs"]] == [row.run for row in cell.rows]
    assert record["runs"][0]["replays"] == [again.pk]


def test_cells_that_are_not_there(arena, client):
    for query in ("column=speed", "column=accuracy&setting=odd", "scale=gpu"):
        assert client.get(f"/arenas/{arena.slug}/cells/good/?{query}").status_code == 404
        assert client.get(f"/api/arenas/{arena.slug}/cells/good?{query}").status_code == 400
    assert client.get(f"/arenas/{arena.slug}/cells/nobody/").status_code == 404
    with pytest.raises(TableError, match="Idle has no accuracy measured"):
        cell_runs(arena, arena.methods.get(slug="idle"), "accuracy")
    assert "older version" in text_of(client.get(f"/arenas/{arena.slug}/cells/old/"))


def test_frozen_cells_lead_to_their_runs(arena, client):
    snapshot = freeze_now(arena)
    html = client.get(f"/snapshots/{snapshot.key}/").content.decode()
    link = f"/snapshots/{snapshot.key}/cells/good/?column=accuracy"
    assert f'<a class="cell" href="{link}">' in html
    run = Run.objects.get(method__slug="good", setting="default", seed=2)
    assert f'<a href="/runs/{run.pk}/">' in client.get(link).content.decode()
    value = run.scores.get(metric="accuracy").value
    run.delete()
    shown = text_of(client.get(link))
    assert "is not in the database any more" in shown and repr(value) in shown
    assert client.get(f"/snapshots/{snapshot.key}/cells/good/?column=speed").status_code == 404
    assert client.get(f"/snapshots/{snapshot.key}/cells/idle/?column=accuracy").status_code == 404
