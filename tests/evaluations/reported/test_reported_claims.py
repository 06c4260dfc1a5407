"""Reported claims in the database: reading, decisions, undo, page, API and command."""

from __future__ import annotations

import io
import json

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.utils import timezone

from evaluations.models import Claim, ReportedClaim, ReportedClaimEdit
from evaluations.reported import services
from evaluations.tasks import extract_reported
from papers.models import Paper
from papers.services import import_digest
from tests.evaluations.counting import fetched
from tests.evaluations.simulated_runs import make_arena, make_method

pytestmark = pytest.mark.django_db

ABSTRACT = ("We plant trees in rows. Our forest reaches 81.5% accuracy on Meadow & Lake, 2.5x faster than the old "
            "forest. It has 7B parameters.")


@pytest.fixture
def paper():
    return Paper.objects.create(title="Forests in Rows", title_key="forests in rows", abstract=ABSTRACT)


@pytest.fixture
def claim(paper):
    services.read_new_abstracts()
    return ReportedClaim.objects.get(paper=paper, unit="%")


@pytest.fixture
def curator(client, django_user_model):
    user = django_user_model.objects.create_user("curator")
    user.user_permissions.add(Permission.objects.get(codename="change_claim"))
    client.force_login(user)
    client.user = user
    return client


def rows(*records: dict) -> dict:
    return {"name": "list.jsonl", "data": "\n".join(map(json.dumps, records)).encode()}


def rewrite(paper: Paper, abstract: str) -> None:
    Paper.objects.filter(pk=paper.pk).update(abstract=abstract, updated_at=timezone.now())
    services.read_new_abstracts()


def test_reading_proposes_once_and_only_what_is_new(paper):
    assert extract_reported() == 1
    rows = list(ReportedClaim.objects.order_by("value_start"))
    assert [(row.value, row.unit, row.kind, row.status) for row in rows] == [
        (81.5, "%", "result", "proposed"), (2.5, "x", "result", "proposed"), (7e9, "parameters", "scale", "proposed")]
    assert all(ABSTRACT[row.start:row.end] == row.quote for row in rows)
    assert services.read_new_abstracts() == 0
    services.read_abstract(paper_id=paper.pk)
    assert list(ReportedClaim.objects.order_by("value_start")) == rows


def test_changed_rules_read_everything_anew(paper, claim, monkeypatch):
    monkeypatch.setattr(services, "rules_digest", lambda: "other rules")
    assert services.read_new_abstracts() == 1
    assert ReportedClaim.objects.filter(pk=claim.pk).exists()


def test_a_stand_in_description_reports_nothing(paper):
    Paper.objects.update(described=True)
    assert services.read_new_abstracts() == 1
    assert not ReportedClaim.objects.exists()


def test_reading_a_paper_that_is_gone_changes_nothing(paper):
    assert services.read_abstract(paper_id=paper.pk + 1) is False


def test_a_new_abstract_keeps_decisions_and_renews_proposals(paper, claim):
    services.correct_claim(pk=claim.pk, metric="balanced accuracy")
    other = ReportedClaim.objects.get(unit="x")
    rewrite(paper, "Something new stands first. " + ABSTRACT.replace(", 2.5x faster than the old forest", ""))
    claim.refresh_from_db()
    assert (claim.status, claim.metric, claim.present) == ("corrected", "balanced accuracy", True)
    paper.refresh_from_db()
    assert paper.abstract[claim.start:claim.end] == claim.quote
    assert not ReportedClaim.objects.filter(pk=other.pk).exists()
    rewrite(paper, "Nothing is left.")
    claim.refresh_from_db()
    assert (claim.status, claim.present, claim.span) == ("corrected", False, None)
    rewrite(paper, ABSTRACT)
    claim.refresh_from_db()
    assert (claim.status, claim.metric, claim.present) == ("corrected", "balanced accuracy", True)


def test_decisions_have_history_and_undo(claim, curator):
    services.accept_claim(pk=claim.pk, by=curator.user)
    services.accept_claim(pk=claim.pk, by=curator.user)
    assert claim.edits.count() == 1
    services.correct_claim(pk=claim.pk, by=curator.user, value="82.5", unit="points")
    claim.refresh_from_db()
    assert (claim.status, claim.value, claim.unit) == ("corrected", 82.5, "points")
    services.undo_claim(pk=claim.pk, by=curator.user)
    claim.refresh_from_db()
    assert (claim.status, claim.value, claim.unit) == ("accepted", 81.5, "%")
    services.undo_claim(pk=claim.pk, by=curator.user)
    claim.refresh_from_db()
    assert claim.status == "proposed"
    with pytest.raises(ValueError, match="no decision to undo"):
        services.undo_claim(pk=claim.pk, by=curator.user)
    assert [edit.action for edit in claim.edits.all()] == ["undo", "undo", "correct", "accept"]
    assert {edit.made_by for edit in ReportedClaimEdit.objects.all()} == {curator.user}


@pytest.mark.parametrize("fields, message", [
    ({"value": "many"}, "not a number"), ({"value": "inf"}, "finite"), ({"unit": "u" * 61}, "longer"),
    ({"status": "accepted"}, "cannot be corrected")])
def test_what_cannot_be_stored_is_refused(claim, fields, message):
    with pytest.raises(ValueError, match=message):
        services.correct_claim(pk=claim.pk, **fields)
    assert not claim.edits.exists()


def test_the_paper_page_quotes_and_marks(client, paper, claim):
    page = client.get(f"/papers/{paper.pk}/").content.decode()
    assert "reported by the paper, not measured here" in page
    assert "<mark>81.5%</mark> accuracy on Meadow &amp; Lake" in page
    assert "<b>81.5 %</b>" in page and "<b>7,000,000,000 parameters</b>" in page
    assert f"/claims/{claim.pk}/accept/" not in page


def test_decisions_by_page(curator, paper, claim):
    assert f"/claims/{claim.pk}/accept/" in curator.get(f"/papers/{paper.pk}/").content.decode()
    answer = curator.post(f"/claims/{claim.pk}/correct/", {"value": "80", "unit": "%", "metric": "m", "dataset": "",
                                                          "versus": ""}, headers={"HX-Request": "true"})
    claim.refresh_from_db()
    assert (claim.value, claim.metric, claim.status) == (80, "m", "corrected")
    assert 'id="reported"' in answer.content.decode() and "corrected" in answer.content.decode()
    refused = curator.post(f"/claims/{claim.pk}/correct/", {"value": "much"}, headers={"HX-Request": "true"})
    assert "not a number" in refused.content.decode()
    assert curator.post(f"/claims/{claim.pk}/undo/").headers["Location"] == f"/papers/{paper.pk}/#reported"
    claim.refresh_from_db()
    assert (claim.value, claim.status) == (81.5, "proposed")
    assert curator.post(f"/claims/{claim.pk}/praise/").status_code == 404
    assert curator.get(f"/claims/{claim.pk}/accept/").status_code == 405


def test_deciding_needs_the_permission(client, claim, django_user_model):
    assert "/login/" in client.post(f"/claims/{claim.pk}/accept/").headers["Location"]
    client.force_login(django_user_model.objects.create_user("reader"))
    assert client.post(f"/claims/{claim.pk}/accept/").status_code == 403
    answer = client.post(f"/api/claims/reported/{claim.pk}", {"action": "accept"}, content_type="application/json")
    assert answer.status_code == 403
    claim.refresh_from_db()
    assert claim.status == "proposed"


def test_the_api_lists_pages_and_decides(curator, paper, claim):
    page = curator.get("/api/claims?limit=1&offset=1").json()
    assert page["count"] == 2 and [item["unit"] for item in page["items"]] == ["x"]
    sizes = curator.get(f"/api/claims?kind=scale&paper={paper.pk}").json()["items"]
    assert [(item["kind"], item["value"]) for item in sizes] == [("scale", 7e9)]
    url = f"/api/claims/reported/{claim.pk}"
    answer = curator.post(url, {"action": "correct", "dataset": "Lake"}, content_type="application/json").json()
    assert (answer["status"], answer["dataset"], answer["edits"][0]["made_by"]) == ("corrected", "Lake", "curator")
    assert curator.get("/api/claims?status=corrected").json()["count"] == 1
    wrong = curator.post(url, {"action": "accept", "value": 3}, content_type="application/json")
    assert wrong.status_code == 400
    assert curator.get("/api/claims/reported/999999").status_code == 404


def test_the_command_lists_directional_and_reported(paper):
    method = make_method(make_arena(), "clever", papers=[{"title": "Cleverness", "year": 2020}], claims=[])
    method.claim_rows.create(position=0, kind="Beats", sentence="clever beats plain", rival="plain", metric="accuracy",
                             setting="default", terms=[])
    out = io.StringIO()
    call_command("claims", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert [claim["kind"] for claim in told["claims"]] == ["directional", "reported", "reported"]
    directional, first, _ = told["claims"]
    assert (directional["paper"], directional["versus"], directional["verdict"]) == (
        "Cleverness", "plain", "not measured")
    assert set(directional) == set(first)
    assert ABSTRACT[slice(*first["span"])] == first["quote"]
    assert (first["value"], first["unit"], first["status"]) == (81.5, "%", "proposed")
    assert [fact["unit"] for fact in told["scale"]] == ["parameters"]
    out = io.StringIO()
    call_command("claims", stdout=out)
    assert "1 directional claims, 2 reported numbers" in out.getvalue()


def test_decisions_follow_a_paper_that_proves_to_be_another(curator):
    import_digest(**rows({"title": "Forests", "arxiv_id": "2001.00001"}))
    import_digest(**rows({"title": "Forests in Rows", "doi": "10.1000/a", "abstract": ABSTRACT}))
    services.read_new_abstracts()
    claim = ReportedClaim.objects.get(unit="%")
    services.correct_claim(pk=claim.pk, by=curator.user, metric="balanced accuracy")
    import_digest(**rows({"title": "Forests in Rows", "arxiv_id": "2001.00001"}))
    services.read_new_abstracts()
    paper = Paper.objects.get()
    kept = paper.reported_claims.get(unit="%")
    assert (kept.pk, kept.status, kept.metric, kept.present) == (claim.pk, "corrected", "balanced accuracy", True)
    assert paper.reported_claims.count() == 3 and kept.edits.count() == 1


def test_a_page_of_the_api_builds_its_own_claims_alone(client, db):
    arena = make_arena()
    methods = [make_method(arena, slug) for slug in ("clever", "plain", "third")]
    for method in methods:
        Claim.objects.create(method=method, position=0, kind="Beats", sentence="better", rival="plain",
                             metric="accuracy", setting="default", terms=[])
    with fetched(Claim) as claims:
        page = client.get("/api/claims?limit=1&offset=1").json()
    assert page["count"] == 3 and [item["method"] for item in page["items"]] == ["sorting/plain"]
    assert len(claims) == 1
