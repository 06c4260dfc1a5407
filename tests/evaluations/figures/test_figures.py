"""Figures on pages and as files: the same numbers everywhere, an address inside, links from marks, refusals."""

import csv
import io
import re
from xml.etree import ElementTree

import pytest

from evaluations.figures.registry import KINDS
from evaluations.models import Run
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db
SVG = "{http://www.w3.org/2000/svg}"
DRAWN = [kind for kind in KINDS if kind not in ("forest", "behaviour")]  # what the arena below has enough for


@pytest.fixture
def arena():
    arena = make_arena()
    for i, (slug, mean, year) in enumerate([("plain", 50, None), ("good", 70, 2023), ("weak", 30, 2019)]):
        method = make_method(arena, slug, year=year, title=f"{slug.capitalize()} <& so>")
        for setting in ("default", "harsh"):
            add_runs(method, {"accuracy": draws(mean, seed=i), "error": draws(100 - mean, seed=i)}, setting=setting,
                     seconds=1.0 + i, curve=[{"step": step, "loss": (i + 1) / (step + 1)} for step in range(5)])
    return arena


@pytest.mark.parametrize("kind", DRAWN)
def test_page_and_files_say_the_same(arena, client, kind):
    page = client.get(f"/arenas/sorting/figures/{kind}/")
    html = page.content.decode()
    assert page.status_code == 200 and f'id="figure-{kind}"' in html and "style=" not in html
    address = f"http://testserver/arenas/sorting/figures/{kind}/"
    svg = client.get(f"/arenas/sorting/figures/{kind}.svg")
    drawn = ElementTree.fromstring(svg.content)
    words = [element.text or "" for element in drawn.iter(f"{SVG}text")]
    assert svg["Content-Type"] == "image/svg+xml" and address in words and any("Good <& so>" in w for w in words)
    assert not [e for e in drawn.iter() if e.get("class") or "var(" in str(e.attrib)], "colours of its own"
    assert drawn.find(f".//{SVG}title").text and drawn.find(f".//{SVG}desc").text
    rows = list(csv.DictReader(io.StringIO(client.get(f"/arenas/sorting/figures/{kind}.csv").content.decode())))
    assert rows and {row["figure"] for row in rows} == {address}
    shown = html.split("<tbody>")[1]
    assert all((row.get("method") or row["line"]) in shown or "&lt;" in shown for row in rows)
    links = re.findall(r'<a tabindex="-1" href="([^"]+)"', html)
    assert all(client.get(link.replace("&amp;", "&")).status_code == 200 for link in set(links))
    assert ("role=\"group\"" in html) == bool(links) and not re.search(r'role="img".*?<a .*?</svg>', html, re.S)


def test_a_png_has_pixels_and_words(arena, client):
    answer = client.get("/arenas/sorting/figures/intervals.png")
    assert answer.content.startswith(b"\x89PNG") and len(answer.content) > 10_000


def test_a_file_is_sent_again_only_when_results_changed(arena, client):
    address = "/arenas/sorting/figures/iqm.csv?over=settings"
    first = client.get(address)
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304
    Run.objects.filter(method__slug="good", seed=0).delete()
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize(("address", "status", "said"), [
    ("odd.svg", 400, "there is no figure odd; there are intervals, cost"), ("cost.gif", 400, "there is no format gif"),
    ("cost.svg?bogus=1", 400, "unknown parameter bogus"), ("cost.svg?x=joy", 400, "there is no cost joy"),
    ("iqm.svg?x=seconds", 400, "unknown parameter x"), ("iqm.svg?over=moons", 400, "there is no over moons"),
    ("iqm.svg?rows=-1", 400, "rows is a whole number"), ("iqm.svg?setting=upside", 400, "has no setting upside"),
    ("behaviour.svg", 404, "takes 5 methods"), ("forest.csv", 404, "no claim of this arena is measured yet")])
def test_what_there_is_not_is_refused_in_words(arena, client, address, status, said):
    for answer in (client.get(f"/arenas/sorting/figures/{address}"),
                   client.get(_as_call(address))):
        assert answer.status_code in (status, 422) and said in answer.content.decode(), answer.content
    page = client.get(f"/arenas/sorting/figures/{address.replace('.svg', '/').replace('.csv', '/')}")
    assert page.status_code in (200, 400, 404)


def _as_call(address):
    path, _, query = address.partition("?")
    kind, _, form = path.partition(".")
    return f"/api/v1/arenas/sorting/figures/{kind}?format={form}{'&' * bool(query)}{query}"


def test_the_api_gives_the_same_file(arena, client):
    file, call = client.get("/arenas/sorting/figures/years.csv"), client.get(_as_call("years.csv"))
    assert file.content == call.content and call["Content-Type"].startswith("text/csv")


def test_the_table_state_is_the_figures_state(arena, client):
    rows = list(csv.DictReader(io.StringIO(client.get(
        "/arenas/sorting/figures/intervals.csv?metrics=error&methods=good,weak&setting=harsh").content.decode())))
    assert [row["method"] for row in rows] == ["good", "weak"] and float(rows[0]["mean"]) < 40
    few = client.get("/arenas/sorting/figures/intervals.csv?rows=1").content.decode().splitlines()
    assert len(few) == 3, "the best one, and the baseline"


def test_the_best_so_far_by_year_and_whether_it_may_be_luck(arena, client):
    barely = [value + 0.01 * (-1) ** seed for seed, value in enumerate(draws(70.001, seed=1))]
    add_runs(make_method(arena, "later", year=2025), {"accuracy": barely, "error": draws(1)})
    rows = {row["method"]: row for row in csv.DictReader(io.StringIO(client.get(
        "/arenas/sorting/figures/years.csv").content.decode()))}
    assert [name for name, row in rows.items() if row["record"] == "true"] == ["weak", "good", "later"]
    assert (rows["good"]["surer"], rows["later"]["surer"]) == ("true", "false") and "plain" not in rows


def test_curves_as_differences_and_without_any(arena, client):
    rows = list(csv.DictReader(io.StringIO(client.get(
        "/arenas/sorting/figures/curves.csv?differences=1").content.decode())))
    weak = [float(row["mean"]) for row in rows if row["line"].startswith("Weak")]
    assert weak == pytest.approx([1 / (step + 1) for step in range(5)]), "3/(s+1) less 2/(s+1)"
    Run.objects.update(curve=[])
    add_runs(arena.methods.get(slug="good"), {"accuracy": [1.0], "error": [1.0]}, scale="smoke")
    assert "shipped ones do not" in client.get("/arenas/sorting/figures/curves/").content.decode()


def test_the_arena_page_has_any_cost_on_x(arena, client):
    add_runs(make_method(arena, "large"), {"accuracy": draws(80), "error": draws(1)}, seconds=9.0,
             counts={"parameters": 9000, "gradients": 50})
    html = client.get("/arenas/sorting/?x=parameters").content.decode()
    assert "against parameters" in html and "?x=seconds#more-figures" in html and "cost.svg?x=parameters" in html
    assert "against time" in client.get("/arenas/sorting/?x=nothing").content.decode()
