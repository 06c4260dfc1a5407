"""Papers are filled from elsewhere only where that is on, only where they lack something, and each by itself."""

import json

import pytest

from papers.models import Paper, PossibleDuplicate
from papers.services import import_digest
from papers.sources.citations import cited_by, cites
from papers.sources.enrichment import enrich_papers
from papers.sources.models import LookUp, Reference
from tests.servers.upstream import Reply, arxiv_api, paper

SCHOLAR = "/semantic_scholar/graph/v1/paper"
WORK = {"id": "https://openalex.org/W1", "doi": "https://doi.org/10.1000/1", "display_name": "Meadows at Rest",
        "publication_year": 2024, "publication_date": "2024-03-01",
        "abstract_inverted_index": {"They": [0], "rest.": [1]},
        "authorships": [{"author": {"display_name": "Ada Example"}}]}


def scholar(title: str, references=(), **fields) -> dict:
    return {"paperId": "a" * 40, "title": title, "abstract": "They are seen to rest.", "year": 2024,
            "publicationDate": "2024-03-01", "authors": [{"name": "Ada Example"}],
            "externalIds": {"DOI": "10.1000/1", "ArXiv": "2403.00001"}, "references": list(references)} | fields


def put(*records: dict) -> list[Paper]:
    import_digest(name="a.json", data=json.dumps(records).encode())
    return list(Paper.objects.order_by("pk"))


@pytest.fixture
def on(upstream, settings):
    settings.ENRICH = True
    return upstream


def test_nothing_is_asked_unless_it_is_switched_on(upstream, settings):
    put({"title": "Meadows at Rest"})
    assert settings.ENRICH is False and enrich_papers() == 0 and not upstream.asked


def test_a_paper_is_filled_by_its_title_and_asked_about_once(on):
    put({"title": "Meadows at Rest", "description": "Somebody says so.", "year": 2023, "authors": ["Example, Ada"]})
    on.pages[f"{SCHOLAR}/search/match"] = Reply(json.dumps({"data": [scholar("Meadows At Rest.")]}))
    assert enrich_papers() == 1
    found = Paper.objects.get()
    assert (found.abstract, found.described, found.doi, found.arxiv_id) == (
        "They are seen to rest.", False, "10.1000/1", "2403.00001")
    assert found.year == 2023 and found.title == "Meadows at Rest" and found.authors == ["Ada Example"]
    assert found.look_up.state == "done" and found.look_up.filled["doi"] == "Semantic Scholar"
    asked = len(on.asked)
    assert enrich_papers() == 0 and len(on.asked) == asked


def test_another_title_is_another_paper(on):
    put({"title": "Meadows at Rest"})
    on.pages |= {f"{SCHOLAR}/search/match": Reply(json.dumps({"data": [scholar("Meadows at Rest, Part II")]})),
                 "/openalex/works": Reply(json.dumps({"results": [WORK | {"display_name": "Meadows not at Rest"}]}))}
    enrich_papers()
    found = Paper.objects.get()
    assert found.doi is None and found.abstract == "" and found.look_up.filled == {}
    assert "Semantic Scholar: does not know it" in found.look_up.reason and found.look_up.state == "done"


def test_each_place_and_each_paper_fails_by_itself(on):
    put({"title": "Meadows at Rest", "doi": "10.1000/1"}, {"title": "Counting Clouds", "arxiv_id": "2611.10002"},
        {"title": "Rivers That Learn"})
    on.pages |= {f"{SCHOLAR}/DOI:10.1000/1": Reply(status=500),
                 "/openalex/works/doi:10.1000/1": Reply(json.dumps(WORK)),
                 f"{SCHOLAR}/ARXIV:2611.10002": Reply("<html>"), f"{SCHOLAR}/search/match": Reply("{}"),
                 "/arxiv_api": arxiv_api([paper("2611.10002", "Counting Clouds")])}
    assert enrich_papers() == 3
    meadows, clouds, rivers = Paper.objects.order_by("pk")
    assert meadows.abstract == "They rest." and meadows.look_up.filled["abstract"] == "OpenAlex"
    assert "HTTP 500" in meadows.look_up.reason and meadows.look_up.state == "waiting"  # for its references
    assert clouds.abstract and clouds.look_up.filled["abstract"] == "arXiv or Crossref"
    assert rivers.look_up.filled == {} and rivers.look_up.state == "done"


def test_an_identifier_of_another_paper_is_left_to_it(on):
    put({"title": "Meadows at Rest", "year": 2024},
        {"title": "The Journal Version", "doi": "10.1000/1", "abstract": "x", "arxiv_id": "2403.00001"})
    on.pages[f"{SCHOLAR}/search/match"] = Reply(json.dumps({"data": [scholar("Meadows at Rest")]}))
    enrich_papers()
    found = Paper.objects.get(title="Meadows at Rest")
    assert found.doi is None and found.arxiv_id is None and found.abstract == "They are seen to rest."


def test_citations_between_papers_here_whenever_they_come(on, client):
    references = [{"title": "By Its Number", "externalIds": {"ArXiv": "2401.00001"}},
                  {"title": "By Its DOI", "externalIds": {"DOI": "10.1000/ABC"}},
                  {"title": "By its title!", "externalIds": None}, {"title": "Not Here"}, {"title": None}, "odd"]
    on.pages[f"{SCHOLAR}/search/match"] = lambda query: Reply(json.dumps(
        {"data": [scholar("Meadows at Rest", references)]} if "Meadows" in query["query"] else {}))
    put({"title": "Meadows at Rest", "year": 2024}, {"title": "By Its Title"})
    enrich_papers()
    import_digest(name="later.json", data=json.dumps([{"title": "Numbered", "arxiv_id": "2401.00001"},
                                                      {"title": "Named", "doi": "10.1000/abc"}]).encode())
    citing = Paper.objects.get(title="Meadows at Rest")
    assert [each.title for each in cites(citing)] == ["By Its Title", "Named", "Numbered"]
    numbered = Paper.objects.get(title="Numbered")
    assert list(cited_by(numbered)) == [citing] and not cited_by(citing)
    assert "Derivative work here" in client.get(f"/papers/{numbered.pk}/").content.decode()
    assert "Prior work here" in client.get(f"/papers/{citing.pk}/").content.decode()
    assert Reference.objects.count() == 4
    LookUp.objects.update(state="waiting", next_try_at="2026-01-01T00:00:00Z")
    enrich_papers()
    assert Reference.objects.count() == 4


def test_a_title_alone_is_only_a_lead(on):
    put({"title": "Meadows at Rest"}, {"title": "Counting Clouds"})
    alone = scholar("Meadows at Rest", abstract=None, externalIds={"ArXiv": "2403.00001"})
    on.pages |= {f"{SCHOLAR}/search/match": lambda query: Reply(json.dumps({"data": [
                     alone if "Meadows" in query["query"] else alone | {"title": "Counting Clouds"}]})),
                 "/arxiv_api": arxiv_api([paper("2403.00001", "Meadows at Rest", "2024-03-01")])}
    enrich_papers()  # what arXiv says under that number has the title, and nothing here agrees with it or does not
    assert not Paper.objects.exclude(arxiv_id=None).exists()
    Paper.objects.filter(title="Meadows at Rest").update(abstract="We look at it more closely than others.")
    LookUp.objects.update(state="waiting", next_try_at="2026-01-01T00:00:00Z")
    enrich_papers()
    assert list(Paper.objects.exclude(arxiv_id=None).values_list("title", flat=True)) == ["Meadows at Rest"]


def test_withdrawals_venue_and_identifiers_are_taken(on, client):
    put({"title": "Meadows at Rest", "doi": "10.1000/1", "abstract": "Ours.", "authors": ["Ada Example"], "year": 2024,
         "arxiv_id": "2403.00001"})
    on.pages |= {f"{SCHOLAR}/ARXIV:2403.00001": Reply(json.dumps(scholar("Meadows at Rest", venue="Annals of Tests"))),
                 "/openalex/works/doi:10.1000/1": Reply(json.dumps(WORK | {"is_retracted": True})),
                 "/hugging_face/papers/2403.00001": Reply(json.dumps({
                     "id": "2403.00001", "title": "Meadows at Rest", "githubRepo": "https://github.com/ada/meadows"}))}
    enrich_papers()
    found = Paper.objects.get()
    assert found.withdrawn and found.venue == "Annals of Tests" and found.abstract == "Ours."
    assert ("semanticscholar", "a" * 40) in found.identifiers.values_list("kind", "value")
    assert found.look_up.filled["withdrawn"] == "OpenAlex" and found.look_up.filled["code"] == "Hugging Face"
    page = client.get(f"/papers/{found.pk}/").content.decode()
    assert "withdrawn" in page and "github.com/ada/meadows" in page and "named by Hugging Face" in page
    assert "withdrawn from OpenAlex" in page


def test_who_else_has_the_identifier_is_asked_about(on):
    put({"title": "Meadows at Rest", "year": 2024}, {"title": "The Journal Version", "doi": "10.1000/1"})
    on.pages[f"{SCHOLAR}/search/match"] = Reply(json.dumps({"data": [scholar("Meadows at Rest")]}))
    enrich_papers()
    question = PossibleDuplicate.objects.get()
    assert question.reason == "Semantic Scholar gives the first the second's doi" and question.state == "open"
