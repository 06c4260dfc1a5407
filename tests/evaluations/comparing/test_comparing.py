"""Anything beside anything: what an address chooses, what is said of it, and the ways that lead there."""

from __future__ import annotations

import re

import pytest

from evaluations.models import Run, params_key
from methods.models import PaperLink
from papers.models import Paper
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.fixture
def arena():
    """Better is far above plain in accuracy and lower in error; in the harsh setting it is the other way round."""
    arena = make_arena()
    rate = {"name": "rate", "type": "float", "default": 0.1, "help": "step", "choices": None, "low": None, "high": None}
    for i, (slug, means) in enumerate({"plain": (50, 70), "good": (70, 50), "twin": (70, 50)}.items()):
        method = make_method(arena, slug, params=[rate], source_code=f"def run():\n    return '<b>{slug}</b>'\n")
        for setting, mean in zip(("default", "harsh"), means, strict=True):
            add_runs(method, {"accuracy": draws(mean, seed=i), "error": draws(100 - mean, seed=i)}, setting=setting,
                     curve=[{"step": step, "loss": 1 / (step + i + 1)} for step in range(5)])
    return arena


@pytest.fixture
def paper():
    return Paper.objects.create(title="On good sorting")


def scores(record, metric):
    return next(row for row in record["arenas"][0]["scores"] if row["metric"] == metric)["cells"]


def test_differences_are_to_the_first_and_follow_the_direction(arena, client):
    record = client.get("/api/v1/compare?method=sorting/plain&method=sorting/good").json()
    for metric, sign in (("accuracy", 1), ("error", -1)):
        plain, good = scores(record, metric)
        assert plain["difference"] is None and good["verdict"] == "better", metric
        assert sign * good["difference"] == pytest.approx(20, abs=1) and good["common_seeds"] == 6
        assert good["difference_low"] < good["difference"] < good["difference_high"]
    turned = client.get("/api/v1/compare?method=sorting/good&method=sorting/plain").json()
    assert [cell["verdict"] for cell in scores(turned, "accuracy")] == [None, "worse"]
    assert turned["arenas"][0]["baseline"] == "Good"
    harsh = client.get("/api/v1/compare?method=sorting/plain&method=sorting/good&setting=harsh").json()
    assert scores(harsh, "accuracy")[1]["verdict"] == "worse"


def test_wins_ties_and_losses_over_settings(arena, client):
    wins = client.get("/api/v1/compare?method=sorting/plain&method=sorting/good&method=sorting/twin").json()[
        "arenas"][0]["wins"]
    plain, good, twin = wins["rows"]
    assert plain["cells"][1] == {"wins": ["harsh"], "ties": [], "losses": ["default"]} and plain["cells"][0] is None
    assert good["cells"][0] == {"wins": ["default"], "ties": [], "losses": ["harsh"]}
    assert good["cells"][2]["ties"] == twin["cells"][1]["ties"] == ["default", "harsh"]
    assert good["total"] == {"wins": 1, "ties": 2, "losses": 1}


def test_the_page_shows_all_of_it_once_computed(arena, client, django_assert_max_num_queries):
    address = "/compare/?method=sorting/plain&method=sorting/good"
    with django_assert_max_num_queries(18):
        first = client.get(address)
    with django_assert_max_num_queries(8):  # nothing has changed since
        html = client.get(address).content.decode()
    shown = text_of(first)
    for part in ("make it the baseline", "better", "Wins, ties and losses", "Loss by step", "Cost of a run",
                 "Hyperparameters", "Environment", "From sorting/plain (−) to sorting/good (+)"):
        assert part in shown, part
    assert "&lt;b&gt;good&lt;/b&gt;" in html and "<b>good" not in html and "style=" not in html
    assert "?method=sorting%2Fgood&amp;method=sorting%2Fplain" in html, "the baseline changes by a link"
    assert not any("<a" in svg for svg in re.findall(r"<svg.*?</svg>", html, re.S))
    Run.objects.filter(method__slug="good", setting="default").update(code_digest="older")
    assert "older code" in text_of(client.get(address)), "the stamp knows that the results changed"


def test_curves_have_a_mean_and_a_band(arena, client):
    plot = client.get("/api/v1/compare?method=sorting/plain&method=sorting/good").json()["arenas"][0]["curves"][0]
    assert plot["name"] == "loss" and [line["name"] for line in plot["lines"]] == ["Plain", "Good"]
    assert plot["lines"][0]["points"][0] == {"step": 0, "mean": 1.0, "low": 1.0, "high": 1.0, "seeds": 6}
    assert plot["lines"][0]["seeds"] == 6 and plot["lines"][1]["last_step"] == 4


def test_a_paper_stands_for_its_methods_and_a_run_for_its_hyperparameters(arena, paper, client):
    good = arena.methods.get(slug="good")
    PaperLink.objects.create(paper=paper, method=good, kind="implements", origin="card")
    other = Paper.objects.create(title="Nothing runs this")
    own = {"rate": 0.5}
    add_runs(good, {"accuracy": draws(90), "error": draws(10)}, params=own, params_key=params_key(own))
    run = Run.objects.filter(params__rate=0.5).first()
    record = client.get(f"/api/v1/compare?paper={paper.pk}&run={run.pk}&paper={other.pk}&method=sorting/none").json()
    assert [each["name"] for each in record["contestants"]] == ["Good", "Good (rate = 0.5)"]
    assert scores(record, "accuracy")[1]["verdict"] == "better"
    assert record["hyperparameters"] == [{"name": "rate", "help": "step", "values": [0.1, 0.5], "same": False}]
    assert "No method here implements “Nothing runs this”." in record["notes"]
    assert "There is no method sorting/none." in record["notes"] and record["code"]["equal"]


def test_methods_of_two_arenas(arena, client):
    other = make_arena("juggling")
    add_runs(make_method(other, "plain"), {"accuracy": draws(50), "error": draws(5)})
    record = client.get("/api/v1/compare?method=sorting/good&method=juggling/plain").json()
    assert [of["names"] for of in record["arenas"]] == [["Good"], ["Plain"]]
    assert all(of["wins"] is None for of in record["arenas"]) and any("2 arenas" in note for note in record["notes"])
    assert {row["arena"]: row["methods"] for row in record["standings"]} == {"Sorting": 3, "Juggling": 1}


def test_too_many_and_none(arena, client):
    for i in range(13):
        make_method(arena, f"idle-{i}")
    query = "&".join(f"method=sorting/idle-{i}" for i in range(13))
    shown = text_of(client.get(f"/compare/?{query}"))
    assert "13 are chosen, and 12 are the most" in shown and "Left out: Idle 12." in shown
    assert "None of what was chosen has a method here" in text_of(client.get("/compare/?paper=999999&run=x"))
    assert client.get("/api/v1/compare?method=a&format=odd").status_code == 400


def test_the_file_has_every_score(arena, client):
    for address in ("/compare/?method=sorting/good&method=sorting/plain&format=csv",
                    "/api/v1/compare?method=sorting/good&method=sorting/plain&format=csv"):
        lines = client.get(address).content.decode().split("\r\n")
        assert lines[0].startswith("arena,setting,contestant,metric,") and len(lines) == 1 + 4 + 1
        assert lines[2].startswith("sorting,default,Plain,accuracy,%,higher,Good,")


def test_ticked_rows_and_the_paper_lead_here(arena, paper, client, django_user_model):
    PaperLink.objects.create(paper=paper, method=arena.methods.get(slug="good"), kind="implements", origin="card")
    PaperLink.objects.create(paper=paper, method=arena.methods.get(slug="plain"), kind="implements", origin="card")
    answer = client.get(f"/compare/?ticked=paper:{paper.pk}&ticked=method:sorting/twin&ticked=odd")
    assert answer.url == f"/compare/?paper={paper.pk}&method=sorting%2Ftwin"
    client.force_login(django_user_model.objects.create_user("reader"))
    pressed = {"do": "compare", "paper": paper.pk}
    assert client.post("/shelf/papers/", pressed).url == f"/compare/?paper={paper.pk}"
    assert client.post("/shelf/papers/", pressed, headers={"HX-Request": "true"}).headers["HX-Redirect"] == (
        f"/compare/?paper={paper.pk}")
    client.logout()
    assert client.get("/compare/?method=sorting/good&nearest=1").url == "/compare/?method=sorting%2Fgood"
    assert f'href="/compare/?paper={paper.pk}"' in client.get(f"/papers/{paper.pk}/").content.decode()
    html = client.get("/methods/").content.decode()
    assert 'name="method" value="sorting/good" form="compare"' in html and 'id="compare"' in html
    assert 'formaction="/compare/"' in client.get("/papers/").content.decode()
    assert "/compare/?method=sorting/good&amp;nearest=1" in client.get("/methods/sorting/good/").content.decode()


def test_curves_by_any_field_and_as_differences(arena, client):
    two = "/api/v1/compare?method=sorting/plain&method=sorting/good"
    by = {field: client.get(f"{two}&by={field}").json() for field in ("method", "setting", "rate")}
    assert by["method"]["curves_by"] == ["method", "setting", "rate"]
    names = {field: [line["name"] for line in record["arenas"][0]["curves"][0]["lines"]]
             for field, record in by.items()}
    assert names == {"method": ["Plain", "Good"], "setting": ["default", "harsh"], "rate": ["rate = 0.1"]}
    pooled = by["rate"]["arenas"][0]["curves"][0]["lines"][0]
    assert pooled["seeds"] == 6, "two runs of one seed are one repetition"
    assert pooled["points"][0]["mean"] == pytest.approx((1 + 1 / 2) / 2)
    differences = client.get(f"{two}&curves=differences").json()["arenas"][0]["curves"][0]
    assert differences["against"] == "Plain" and [line["name"] for line in differences["lines"]] == ["Good"]
    assert differences["lines"][0]["points"][0]["mean"] == pytest.approx(1 / 2 - 1)
    shown = text_of(client.get(two.replace("/api/v1/compare", "/compare/") + "&curves=differences"))
    assert "Difference in loss to Plain by step" in shown and "A line for each" in shown
    file = client.get("/compare/curves/sorting.csv?method=sorting/plain&method=sorting/good&value=loss")
    lines = file.content.decode()
    assert lines.splitlines()[1].startswith("Plain,0,1.0,") and "/compare/?method=sorting%2Fplain" in lines
    assert client.get("/compare/curves/sorting.svg?method=sorting/plain&value=joy").status_code == 404
    assert client.get("/compare/curves/sorting.gif?method=sorting/plain").status_code == 400
    assert "One line has no difference" in text_of(client.get("/compare/?method=sorting/plain&curves=differences"))
