"""The method pages and their API."""

import doctest

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import methods.formulas
from methods.models import Arena, Method, PaperLink
from methods.selectors import coverage
from methods.templatetags.method_tags import docstring
from papers.models import Paper


@pytest.mark.parametrize("address", ["/methods/", "/methods/optimizers/adam/", "/methods/long-tail/cross-entropy/",
                                     "/methods/?q=nesterov&arena=optimizers&fidelity=faithful&measured=no"])
def test_pages_render(library, client, address):
    answer = client.get(address)
    assert answer.status_code == 200 and "<h1>" in answer.text


def test_filters_narrow_the_list(library, client):
    everything = client.get("/methods/").context["page"].paginator.count
    some = client.get("/methods/?arena=optimizers").context["page"].paginator.count
    assert 0 < some < everything
    assert "No method fits" in client.get("/methods/?q=xyzzy").text
    fragment = client.get("/methods/?q=nesterov", headers={"hx-request": "true"}).text
    assert "<html" not in fragment and "Nesterov" in fragment


def test_method_page_shows_code_parameters_and_papers(library, client):
    page = client.get("/methods/optimizers/adam/").text
    for part in ("beta1", "Adam: A Method for Stochastic Optimization", "methods/arenas/optimizers/adam.py"):
        assert part in page


def test_lists_stay_flat_in_queries(library, client, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        client.get("/methods/")


@pytest.fixture
def thousand(db):
    """A thousand methods in ten arenas, each linked to a paper, with a finished run."""
    from evaluations.models import Claim, Run, Verdict
    arenas = Arena.objects.bulk_create([Arena(
        slug=f"arena-{number}", title=f"Arena {number}", question="?", explanation="", baseline="base", source_code="",
        metrics=[{"name": "score", "title": "Score", "better": "higher", "unit": "", "chance": None, "ceiling": None,
                  "help": ""}],
        settings=[{"name": "default", "title": "Default", "options": {}}],
        scales={"full": {"seconds": 1, "memory_mb": 1, "options": {}}}) for number in range(10)])
    library = Method.objects.bulk_create([Method(
        arena=arenas[number % 10], slug=f"method-{number}", title=f"Method {number}", summary="Does it well. " * 4,
        explanation="Words. " * 200, source_path="", source_code="x = 1\n" * 60, code_digest="",
        fidelity=("faithful", "core", "proxy", "")[number % 4]) for number in range(1000)])
    papers = Paper.objects.bulk_create([Paper(title=f"Paper {n}", title_key=str(n)) for n in range(1200)])
    PaperLink.objects.bulk_create([PaperLink(
        paper=papers[number], method=method, kind="implements" if number % 3 else "related", origin="card", score=0.5,
        state="rejected" if number % 7 == 0 else "proposed") for number, method in enumerate(library)])
    Run.objects.bulk_create([Run(
        method=method, setting="default", scale="smoke" if number % 5 == 0 else "full", state="done", seed=number,
        params={}, params_key="", code_digest="", queue="cpu") for number, method in enumerate(library[:500])])
    claims = Claim.objects.bulk_create([Claim(
        method=method, position=0, kind="Beats", sentence="better", rival="base", metric="score", setting="default",
        terms=[]) for method in library[:300]])
    Verdict.objects.bulk_create([Verdict(
        claim=claim, status=("confirmed", "refuted", "inconclusive")[number // 3 % 3], current=number % 4 > 0, n=2,
        difference=0.0, low=0.0, high=0.0, p_value=1.0, basis="x") for number, claim in enumerate(claims)])
    return library


def test_a_library_of_a_thousand_is_shown_in_pages(thousand, client, django_assert_num_queries):
    client.get("/methods/")
    with django_assert_num_queries(3):  # how many, the page of them, the arenas to choose from
        page = client.get("/methods/")
    assert page.context["page"].paginator.count == 1000 and len(page.content) <= 300_000
    assert [method.done for method in page.context["page"]][:2] == [1, 1]
    with django_assert_num_queries(2):
        client.get("/methods/?measured=yes&page=3", headers={"hx-request": "true"})
    assert client.get("/methods/?measured=no").context["page"].paginator.count == 500


def test_a_method_page_asks_the_same_however_many_papers_are_near(thousand, client, django_assert_max_num_queries):
    method = thousand[1]
    address = f"/methods/{method.arena_id}/{method.slug}/"
    client.get(address)
    with CaptureQueriesContext(connection) as alone:
        client.get(address)
    PaperLink.objects.bulk_create([PaperLink(
        paper=paper, method=method, kind="related", origin="meaning", score=0.1, percentile=1.0)
        for paper in Paper.objects.exclude(links__method=method)[:300]])
    with django_assert_max_num_queries(len(alone)):
        page = client.get(address)
    assert len(page.context["related"]) == 12 and len(page.content) < 40_000
    asked = [query["sql"] for query in alone if "methods_paperlink" in query["sql"]]
    assert asked and not any("abstract" in sql for sql in asked), "a list of titles reads no abstracts"


def test_coverage_counts_in_one_pass_what_asking_each_paper_counts(thousand, django_assert_max_num_queries):
    with django_assert_max_num_queries(13):
        counts = coverage()
    shown = {}
    for link in PaperLink.objects.shown().select_related("method").prefetch_related(
            "method__runs", "method__claim_rows__verdicts"):
        shown.setdefault(link.paper_id, []).append(link)

    def papers(*conditions):
        return sum(any(all(condition(link) for condition in conditions) for link in links)
                   for links in shown.values())

    def implements(link):
        return link.kind == "implements"

    def measured(link):
        return any(run.scale == "full" for run in link.method.runs.all())

    def judged(status):
        return lambda link: any(verdict.current and verdict.status == status for claim in link.method.claim_rows.all()
                                for verdict in claim.verdicts.all())

    assert counts == {
        "papers": 1200,
        "links": {"implements": papers(implements), "related": len(shown) - papers(implements),
                  "none": 1200 - len(shown)},
        "fidelity": {fidelity: papers(implements, lambda link, fidelity=fidelity: link.method.fidelity == fidelity)
                     for fidelity in ("faithful", "core", "proxy")},
        "measured": {"implements": papers(implements, measured), "any": papers(measured)},
        "verdict": {status: papers(implements, judged(status)) for status in ("confirmed", "refuted", "inconclusive")},
    }
    assert all(0 < count < 1200 for group in counts.values() if isinstance(group, dict) for count in group.values())


def test_docstrings_become_safe_html():
    html = docstring("Words <b>here</b>\nand there.\n\n    x = <y>\n\n- one\n- two")
    assert html == ("<p>Words &lt;b&gt;here&lt;/b&gt; and there.</p>\n"
                    "<div class=\"formula\" role=\"math\">x = &lt;y&gt;</div>\n"
                    "<ul><li>one</li><li>two</li></ul>")


def test_api_lists_and_details(library, client):
    rows = client.get("/api/methods?arena=optimizers&limit=5").json()
    assert rows["count"] > 8 and len(rows["items"]) == 5
    adam = client.get("/api/methods/optimizers/adam").json()
    assert adam["fidelity"] == "faithful" and adam["params"][0]["help"]
    assert client.get("/api/methods/optimizers/none-such").status_code == 404
    assert client.get("/api/coverage").json()["papers"] > 20


def test_formulas_are_set():
    assert doctest.testmod(methods.formulas).failed == 0
    for written, shown in [("x'_i", "x&#x27;<sub>i</sub>"), ("W_hat_i", "W\u0302<sub>i</sub>"),
                           ("mu_(t+1)", "μ<sub>t+1</sub>"), ("sum over steps", "sum over steps"),
                           ("a <= <b>", "a ≤ &lt;b&gt;")]:
        assert methods.formulas.typeset(written) == shown
