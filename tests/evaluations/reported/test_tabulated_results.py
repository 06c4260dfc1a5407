"""Numbers of Papers with Code's tables: reported with their source, kept beside what is measured and out of it."""

import json

import pytest
from django.urls import reverse

from evaluations.models import TabulatedResult
from evaluations.reported.tabulated import number_in, results_of
from papers.identity.merging import merge_papers, unmerge
from papers.models import Digest, Paper
from papers.services import import_digest, preview_digest, remove_digest

pytestmark = pytest.mark.django_db


def row(title: str, number: str, model: str, **metrics: str) -> dict:
    return {"model_name": model, "paper_title": title, "paper_url": f"https://arxiv.org/abs/{number}",
            "paper_date": "2024-01-02", "metrics": metrics, "code_links": [], "uses_additional_data": False}


def tables(*rows: dict, dataset: str = "Meadow-10") -> bytes:
    return json.dumps([{"task": "Naming Meadows", "categories": ["Vision"], "subtasks": [], "synonyms": [],
                        "description": "", "source_link": None, "datasets": [{
                            "dataset": dataset, "description": "", "dataset_links": [], "dataset_citations": [],
                            "subdatasets": [], "sota": {"metrics": ["Accuracy"], "rows": list(rows)}}]}]).encode()


DUMP = tables(row("Meadows at Rest", "2401.00001", "MeadowNet <b>", Accuracy="92.3%", **{"F1 (avg)": "0.91"}),
              row("Counting Clouds", "2401.00002", "Clouds", Accuracy="≈ 90"))


def test_numbers_of_a_table_are_the_papers_with_their_source(client):
    assert preview_digest(name="evaluation-tables.json", data=DUMP).counts["new"] == 2
    assert not TabulatedResult.objects.exists()
    report = import_digest(name="evaluation-tables.json", data=DUMP)
    assert not report.rejected
    meadows = Paper.objects.get(title="Meadows at Rest")
    assert [(r.task, r.dataset, r.metric, r.value, r.number, r.model) for r in results_of(meadows).rows] == [
        ("Naming Meadows", "Meadow-10", "Accuracy", "92.3%", 92.3, "MeadowNet <b>"),
        ("Naming Meadows", "Meadow-10", "F1 (avg)", "0.91", 0.91, "MeadowNet <b>")]
    page = client.get(reverse("paper_detail", args=[meadows.pk])).content.decode()
    assert "In tables of results" in page and "MeadowNet &lt;b&gt;" in page and "92.3%" in page
    assert reverse("digest_detail", args=[Digest.objects.get().pk]) in page.split('id="reported"')[1]
    found = client.get("/api/claims/tabulated", {"paper": meadows.pk, "dataset": "meadow"}).json()
    assert found["count"] == 2 and found["items"][0]["verdict"] == "not measured"
    assert found["items"][0]["digest"] == "evaluation-tables.json" and found["items"][0]["paper"] == "Meadows at Rest"
    assert client.get("/api/claims/tabulated", {"dataset": "nowhere"}).json()["count"] == 0


def test_they_enter_no_ranking_and_no_verdict(client):
    before = client.get("/api/ledger").content
    import_digest(name="evaluation-tables.json", data=DUMP)
    paper = Paper.objects.get(title="Meadows at Rest")
    assert client.get("/api/ledger").content == before and client.get("/api/claims").json()["count"] == 0
    assert not client.get("/papers/", {"verdict": "confirmed"}).context["rows"]
    assert "What was measured" not in client.get(reverse("paper_detail", args=[paper.pk])).content.decode()


def test_the_same_table_again_says_nothing_twice():
    import_digest(name="a.json", data=DUMP)
    import_digest(name="b.json", data=DUMP + b"\n")
    paper = Paper.objects.get(title="Meadows at Rest")
    shown = results_of(paper)
    assert shown.count == 2 and {r.digest.name for r in shown.rows} == {"b.json"}
    remove_digest(digest=Digest.objects.get(name="b.json"))
    assert {r.digest.name for r in results_of(paper).rows} == {"a.json"}


def test_they_follow_a_fold_and_its_undo(admin_user):
    import_digest(name="a.json", data=DUMP)
    kept, dropped = Paper.objects.order_by("pk")
    before = set(TabulatedResult.objects.values_list("paper", "key"))
    merge = merge_papers(one=kept.pk, other=dropped.pk, by=admin_user)
    assert set(TabulatedResult.objects.values_list("paper", flat=True)) == {kept.pk} and results_of(kept).count == 3
    unmerge(pk=merge.pk, by=admin_user)
    assert set(TabulatedResult.objects.values_list("paper", "key")) == before


@pytest.mark.parametrize(("written", "number"), [
    ("92.3%", 92.3), ("1,024.5", 1024.5), ("-0.5", -0.5), ("−0.5", -0.5), (".91", 0.91), ("1e-3", 0.001),
    ("≈ 90", 90.0), ("3-4", None), ("81.2 ± 0.3", None), ("", None), ("n/a", None), ("1e999", None)])
def test_what_of_a_value_is_a_number(written, number):
    assert number_in(written) == number
