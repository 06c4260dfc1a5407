"""Which records are one paper, which value is shown, and that merging loses nothing and can be undone."""

import json
from datetime import date
from pathlib import Path

import pytest
from django.core import serializers
from django.urls import reverse

from papers.identity.folding import _hanging_on
from papers.identity.merging import MergeError, merge_papers, now_at, unmerge
from papers.identity.questions import find_duplicates
from papers.identity.rules import near_title, same_identifier, shared_people, told_apart
from papers.identity.selectors import difference, versions_of
from papers.models import Appearance, Digest, Merge, OtherTitle, Paper, PaperIdentifier, PossibleDuplicate
from papers.services import edit_paper, import_digest, preview_digest, remove_digest, restore_digest

pytestmark = pytest.mark.django_db
CASES = Path(__file__).parent / "digests" / "cases"


def rows(*records, name="rows.jsonl"):
    return import_digest(name=name, data="\n".join(json.dumps(record) for record in records).encode())


def case(name):
    (path,) = CASES.glob(f"{name}_*")
    return import_digest(name=path.name, data=path.read_bytes())


def feed(*entries, name="feed.atom"):
    """arXiv's feed, which is a worse source than its interface (`case`)."""
    shown = "".join(f"<entry><id>oai:arXiv.org:{e['id']}</id><title>{e['title']}</title><summary>{e['abstract']}"
                    f"</summary><published>{e.get('day', '2026-01-01')}T00:00:00Z</published><arxiv:announce_type>new"
                    f"</arxiv:announce_type></entry>" for e in entries)
    return import_digest(name=name, data=(
        "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:arxiv='http://arxiv.org/schemas/atom'>" + shown
        + "</feed>").encode())


@pytest.mark.parametrize(("name", "papers"), [("B2", 2), ("C5", 2), ("D1", 2), ("D3", 1), ("C4", 1)])
def test_the_cases_give_as_many_papers_as_they_hold(name, papers):
    report = case(name)
    assert Paper.objects.count() == papers and Appearance.objects.count() == len(report.entries)
    titles = {*Paper.objects.values_list("title", flat=True), *OtherTitle.objects.values_list("title", flat=True)}
    assert {entry.title for entry in report.entries} <= titles or name == "B2"


def test_a_preprint_and_its_publication_are_one():
    case("D3")
    assert Paper.objects.values_list("arxiv_id", "doi").get() == ("1707.99052", "10.18653/v1/d17-9999")
    assert PaperIdentifier.objects.values_list("kind", "value").get() == ("acl", "D17-9999")


def test_one_doi_of_two_titles_is_two_papers_and_a_question():
    case("D1")
    pair = PossibleDuplicate.objects.get()
    assert {pair.first.title, pair.second.title} == {"Calm Schedules for Noisy Gradients", "A Survey of Tropical Birds"}
    again = case("D1")
    assert again.already_imported and Paper.objects.count() == 2
    report = rows({"title": "A Survey of Tropical Birds", "doi": "10.5555/proceedings.2021"})
    assert report.counts["new"] == 0 and Paper.objects.count() == 2


@pytest.mark.parametrize("title", ["Preface", "Foreword", "Editorial"])
def test_titles_that_many_have_never_merge(title):
    records = [{"title": title, "year": year, "doi": doi, "authors": people} for year, doi, people in (
        (2010, "10.1000/a", ["Ada A"]), (2012, "10.1000/b", ["Bo B"]), (2012, None, ["Cy C"]), (2010, None, []))]
    assert rows(*records).counts["new"] == 4
    report = rows(*reversed(records), name="again")
    assert report.counts["known"] == 4 and Paper.objects.count() == 4
    assert not PossibleDuplicate.objects.exists()


@pytest.mark.parametrize(("first", "second", "papers", "asked"), [
    ({"authors": ["Ada Lovelace"]}, {"authors": ["A. Lovelace", "Bo Sample"]}, 1, 0),
    ({"authors": ["Ada Lovelace"]}, {"authors": ["Lovelace, Ada"]}, 1, 0),
    ({"authors": ["Wang Xiaoming"]}, {"authors": ["Xiaoming Wang"]}, 1, 0),
    ({"authors": ["Ada Lovelace"]}, {"authors": ["Bo Sample"]}, 2, 0),
    ({"authors": ["María Núñez"]}, {"authors": ["Maria Nunez"]}, 1, 0),
    ({"year": 2010}, {"year": 2012}, 2, 1), ({"year": 2011}, {"year": 2012}, 1, 0), ({"year": 2011}, {}, 1, 0),
    ({"year": 2017, "authors": ["Ada A"]}, {"year": 2020, "authors": ["Ada A"]}, 1, 0),
    ({"year": 2010, "authors": ["Ada A"]}, {"year": 2020, "authors": ["Ada A"]}, 2, 1),
    ({"doi": "10.1000/a"}, {"doi": "10.1000/b"}, 2, 1),
    ({"doi": "10.1000/a", "authors": ["Ada A"]}, {"doi": "10.1000/b", "authors": ["Ada A"]}, 1, 0),
    ({"doi": "10.1000/a", "year": 2010, "authors": ["Ada A"]}, {"doi": "10.1000/b", "year": 2012, "authors": ["Ada A"]},
     2, 1),
    ({"arxiv_id": "2001.00001"}, {"arxiv_id": "2001.00002"}, 2, 0)])
def test_what_keeps_one_title_apart(first, second, papers, asked):
    title = {"title": "Sorting Layers by Hand"}
    rows(title | first, title | second)
    assert (Paper.objects.count(), PossibleDuplicate.objects.count()) == (papers, asked)
    report = rows(title | second, title | first, name="again")
    assert report.counts["new"] == 0


@pytest.mark.parametrize(("one", "other"), [
    ({"arxiv_id": "math.GT/0309136v2"}, {"url": "https://arxiv.org/abs/math/0309136"}),
    ({"arxiv_id": "arXiv:2001.00001v3"}, {"doi": "10.48550/arXiv.2001.00001"}),
    ({"doi": "https://doi.org/10.1000/AbC"}, {"doi": "10.1000/abc"}),
    ({"url": "https://openreview.net/forum?id=rJ4km2R5t7"}, {"url": "https://openreview.net/pdf?id=rJ4km2R5t7"}),
    ({"url": "https://www.aclweb.org/anthology/P18-1001/"}, {"url": "https://aclanthology.org/P18-1001.pdf"}),
    ({"doi": "10.18653/v1/2020.acl-main.12"}, {"url": "https://aclanthology.org/2020.acl-main.12/"}),
    ({"pmid": 31452104}, {"url": "https://pubmed.ncbi.nlm.nih.gov/31452104/"}),
    ({"externalIds": {"CorpusId": 12345}}, {"url": "https://api.semanticscholar.org/CorpusID:12345"}),
    ({"paperId": "0123456789abcdef0123456789abcdef01234567"},
     {"url": "https://www.semanticscholar.org/paper/A-Title/0123456789abcdef0123456789abcdef01234567"}),
    ({"ids": {"openalex": "https://openalex.org/W2741809807"}}, {"url": "https://openalex.org/works/w2741809807"})])
def test_identifiers_are_known_in_every_spelling(one, other):
    rows({"title": "Sorting Layers by Hand"} | one, {"title": "Sorting Layers by Hand: Revised"} | other)
    assert Paper.objects.count() == 1


@pytest.mark.parametrize(("one", "other", "near"), [
    ("attention is all you need", "attention is not all you need", False),
    ("yolo v3 an incremental improvement", "yolo v4 an incremental improvement", False),
    ("sorting by hand part 1", "sorting by hand part 2", False), ("sorting by hand", "sorting by hand ii", False),
    ("supervised sorting of layers", "unsupervised sorting of layers", False), ("deep sort", "deep sort ++", False),
    ("sorting with labels and noise", "sorting without labels and noise", False),
    ("attention is all you need", "attention is all you neeed", True),
    ("deep learning for image classification", "deep learning for image segmentation", False),
    ("a multi label sorting network", "a multilabel sorting network", True),
    ("sorting of layers by colour", "sorting of layers by color", True),
    ("a survey of sorting networks", "survey of sorting networks", True)])
def test_near_titles(one, other, near):
    assert bool(near_title(one, other)) == near and near_title(one, other) == near_title(other, one)


def test_one_identifier_and_two_titles():
    assert same_identifier("", "sorting layers", "sorting layers by hand and by eye")
    assert not same_identifier("", "a survey of tropical birds", "a survey of tropical trees of the south")
    assert not same_identifier("", "proceedings part one", "proceedings part two")
    assert told_apart("a b", "a c") and shared_people(["A"], []) is None


def test_near_titles_are_proposed_and_not_again_once_decided(admin_user, client):
    rows({"title": "Sorting of Layers by Colour"}, {"title": "Sorting of Layers by Color"},
         {"title": "Sorting of Layers by Colour 2"}, {"title": "Another Matter"})
    assert find_duplicates() == 1 and find_duplicates() == 0
    pair = PossibleDuplicate.objects.get()
    client.force_login(admin_user)
    page = client.get(reverse("duplicate_list")).content.decode()
    assert "Same paper" in page and "98 % alike" in page
    said = client.post(reverse("duplicate_decide", args=[pair.pk]), {"word": "different"}, follow=True).content.decode()
    assert "stay two" in said and "nothing to decide" in said and "Undo" in said
    assert find_duplicates() == 0
    client.post(reverse("duplicate_decide", args=[pair.pk]), {"word": "undo"})
    said = client.post(reverse("duplicate_decide", args=[pair.pk]), {"word": "same"}, follow=True).content.decode()
    assert "One paper now" in said and Paper.objects.count() == 3
    said = client.post(reverse("duplicate_decide", args=[pair.pk]), {"word": "same"}, follow=True).content.decode()
    assert "decided meanwhile" in said
    client.post(reverse("paper_unmerge", args=[Merge.objects.get().pk]))
    assert Paper.objects.count() == 4 and find_duplicates() == 0


def test_a_slip_is_found_among_many_like_titles():
    """Each title has its twin with another slip, early or late, however many titles begin or end as it does."""
    words = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}" * 3 for n in range(600)]
    titles = [f"towards efficient sorting of {word}" for word in words] + [
        f"{word} towards efficient sorting" for word in words]
    slips = [f"towards eficient sorting of {word}" for word in words[::50]] + [
        f"{word} towards efficient sortin" for word in words[::50]]
    Paper.objects.bulk_create(Paper(title="x", title_key=key, authors=[], urls=[]) for key in titles + slips)
    assert find_duplicates() == len(slips)
    assert PossibleDuplicate.objects.filter(second__title_key__in=slips).count() == len(slips)


def test_better_metadata_replaces_worse_and_the_worse_is_kept():
    feed({"id": "2401.99236v4", "title": "Retrieval margins", "abstract": "We count. Then we stop.",
          "day": "2024-01-22"})
    paper = Paper.objects.get()
    assert paper.published_on == date(2024, 1, 22)
    report = case("C6")
    paper.refresh_from_db()
    assert (paper.title, paper.year, paper.published_on) == ("Retrieval Margins for Careful Readers", 2024,
                                                             date(2024, 1, 18))
    assert {"title", "published_on", "abstract"} <= {change.field for change in report.merged[0].changes}
    kept = {version.field: version for version in versions_of(paper)}
    day = kept["published_on"]
    assert day.value == "2024-01-22" and day.source == "a feed" and day.digest == "feed.atom"
    assert ("removed", "count. Then we stop.") in kept["abstract"].parts
    assert feed({"id": "2401.99236v4", "title": "Retrieval margins", "abstract": "We count.", "day": "2024-02-03"},
                name="later").counts["known"] == 1
    paper.refresh_from_db()
    assert paper.published_on == date(2024, 1, 18) and "2024-02-03" in {version.value for version in versions_of(paper)}


def test_c2_then_c6():
    case("C2")
    case("C6")
    paper = Paper.objects.get()
    assert (paper.year, paper.published_on) == (2024, date(2024, 1, 18)) and len(paper.authors) == 3
    assert paper.sources["abstract"][0] == 3 and paper.sources[""][0] == 2


def test_a_correction_by_hand_stays_and_what_it_replaced_is_kept():
    case("C6")
    paper = Paper.objects.get()
    paper.year = 2023
    edit_paper(paper=paper)
    rows({"title": "x", "arxiv_id": "2401.99236", "year": 2025})
    paper.refresh_from_db()
    assert paper.year == 2023 and paper.sources["year"] == [4, None]
    assert {"2024", "2025"} <= {version.value for version in versions_of(paper) if version.field == "year"}


def test_withdrawn_is_shown_everywhere_and_takes_no_abstract_away(client):
    rows({"title": "Grounded Agents with Invented Data", "abstract": "We build agents.", "arxiv_id": "2608.99531"})
    report = case("C4")
    paper = Paper.objects.get()
    assert paper.withdrawn and paper.abstract == "We build agents."
    assert "withdrawn" in {change.field for change in report.merged[0].changes}
    for address in (reverse("paper_detail", args=[paper.pk]), reverse("paper_list"),
                    reverse("digest_detail", args=[report.digest_id])):
        assert "badge-bad\">withdrawn" in client.get(address).content.decode()
    assert client.get("/api/papers").json()["items"][0]["withdrawn"] is True


def everything():
    """Every row that hangs on a paper, and the papers, times of change left out."""
    found = {}
    pks = list(Paper.objects.values_list("pk", flat=True))
    for model, _, hanging in _hanging_on(Paper, pks):
        if model is not PossibleDuplicate:
            found.setdefault(model._meta.label, set()).update(
                json.dumps(row, default=str, sort_keys=True) for row in serializers.serialize("python", hanging))
    papers = serializers.serialize("python", Paper.objects.order_by("pk"))
    for row in papers:
        row["fields"].pop("updated_at")
    return found, papers


@pytest.fixture
def pair(admin_user):
    """Two papers with all that hangs on a paper: links to methods, one of them curated, and reported numbers."""
    from django.utils import timezone

    from evaluations.models import ReportedClaim, ReportedClaimEdit, ReportedReading
    from methods.models import PaperLink
    from tests.evaluations.simulated_runs import make_arena, make_method
    rows({"title": "Early Title", "arxiv_id": "2001.00001", "abstract": "Short."})
    rows({"title": "Final Title", "doi": "10.1000/a", "abstract": "Longer than short.", "year": 2021,
          "authors": ["Ada A"], "url": "https://openreview.net/forum?id=rJ4km2R5t7"},
         {"title": "The Final Title", "doi": "10.1000/a"}, name="second")
    one, other = Paper.objects.order_by("pk")
    arena = make_arena()
    methods = [make_method(arena, slug) for slug in ("a", "b")]
    for paper in (one, other):
        PaperLink.objects.create(paper=paper, method=methods[0], kind="related", origin="meaning")
        claim = ReportedClaim.objects.create(paper=paper, key="k", kind="result", value=paper.pk, quote="q")
        ReportedReading.objects.create(paper=paper, text_hash="x", rules="y", read_at=timezone.now())
    ReportedClaim.objects.filter(pk=claim.pk).update(status="accepted")
    ReportedClaimEdit.objects.create(claim=claim, action="accept", made_at=timezone.now(),
                                     **dict.fromkeys(("before", "after"), {"status": "accepted", "value": 1.0}),
                                     made_by=admin_user)
    PaperLink.objects.create(paper=other, method=methods[1], kind="related", origin="meaning")
    PaperLink.objects.filter(paper=other, method=methods[0]).update(
        state="rejected", curated_by=admin_user, curated_at=timezone.now())
    return one, other


def test_merging_and_taking_apart_is_exact(pair, admin_user):
    one, other = pair
    before = everything()
    merge = merge_papers(one=other.pk, other=one.pk, by=admin_user)
    assert (merge.kept, merge.dropped) == (one.pk, other.pk)
    kept = Paper.objects.get()
    assert (kept.doi, kept.abstract, kept.year, kept.authors) == ("10.1000/a", "Longer than short.", 2020, ["Ada A"])
    assert [version.value for version in versions_of(kept) if version.field == "year"] == ["2021"]
    assert set(kept.other_titles.values_list("title", flat=True)) == {"Final Title", "The Final Title"}
    assert rows({"title": "final title", "doi": "10.1000/a"}, name="later").counts["new"] == 0
    Digest.objects.get(name="later").appearances.all().delete()
    unmerge(pk=merge.pk, by=admin_user)
    after = everything()
    assert after[1] == before[1]
    assert {label: rows ^ after[0].get(label, set()) for label, rows in before[0].items()
            if rows != after[0].get(label)} == {} and after[0].keys() == before[0].keys()
    with pytest.raises(MergeError, match="already"):
        unmerge(pk=merge.pk, by=admin_user)


def test_what_came_after_a_merge_stays(pair, admin_user):
    one, other = pair
    merge = merge_papers(one=one.pk, other=other.pk, by=admin_user)
    rows({"title": "Early Title", "abstract": "The longest abstract of them all.", "url": "https://new.org/x"},
         name="later")
    unmerge(pk=merge.pk, by=admin_user)
    one.refresh_from_db()
    assert one.abstract == "The longest abstract of them all." and "https://new.org/x" in one.urls
    assert (one.doi, one.year) == (None, 2020)


def test_an_import_does_not_fold_again_what_a_person_took_apart(admin_user):
    rows({"title": "Early Title", "arxiv_id": "2001.00001"}, {"title": "Final Title", "abstract": "A."})
    bridge = {"title": "Final Title", "arxiv_id": "2001.00001"}
    rows(bridge, name="bridge")
    assert Paper.objects.count() == 1
    merge = Merge.objects.get()
    assert merge.by is None and "bridge" in merge.reason
    unmerge(pk=merge.pk, by=admin_user)
    assert Paper.objects.count() == 2
    preview = preview_digest(name="again", data=(json.dumps(bridge) + "\n").encode())
    assert rows(bridge, {"title": "Other"}, name="again").entries[0].outcome == preview.entries[0].outcome
    assert Paper.objects.count() == 3


def test_old_addresses_lead_on(pair, admin_user, client):
    one, other = pair
    rows({"title": "Oldest"}, name="third")
    third = Paper.objects.latest("pk")
    merge_papers(one=other.pk, other=third.pk, by=admin_user)
    last = merge_papers(one=one.pk, other=other.pk, by=admin_user)
    assert now_at(third.pk) == now_at(other.pk) == one.pk
    assert client.get(reverse("paper_detail", args=[third.pk])).headers["Location"] == reverse(
        "paper_detail", args=[one.pk])
    assert client.get(f"/api/papers/{third.pk}", follow=True).json()["id"] == one.pk
    first = Merge.objects.earliest("pk")
    with pytest.raises(MergeError, match=f"part of paper {one.pk}"):
        unmerge(pk=first.pk, by=admin_user)
    unmerge(pk=last.pk, by=admin_user)
    unmerge(pk=first.pk, by=admin_user)
    assert client.get(reverse("paper_detail", args=[third.pk])).status_code == 200
    assert client.get(reverse("paper_detail", args=[10**9])).status_code == 404


def test_addresses_outlive_an_import_taken_back_and_restored():
    report = rows({"title": "Preface", "year": 2010}, {"title": "Preface", "year": 2012}, {"title": "Layers"})
    before = {(paper.title, paper.year): paper.pk for paper in Paper.objects.all()}
    removal = remove_digest(digest=Digest.objects.get())
    rows({"title": "Between"}, name="between")
    restore_digest(sha256=removal.sha256, name=removal.name)
    after = {(paper.title, paper.year): paper.pk for paper in Paper.objects.exclude(title="Between")}
    assert set(after.values()) == set(before.values()) and after["Layers", None] == before["Layers", None]
    assert report.counts["new"] == 3


def test_the_two_prefaces_get_their_own_numbers_back():
    rows({"title": "Preface", "doi": "10.1000/a", "year": 2010}, {"title": "Preface", "doi": "10.1000/b", "year": 2012})
    before = dict(Paper.objects.values_list("doi", "pk"))
    removal = remove_digest(digest=Digest.objects.get())
    restore_digest(sha256=removal.sha256, name=removal.name)
    assert dict(Paper.objects.values_list("doi", "pk")) == before


def test_what_a_person_merged_stays_when_its_imports_go(admin_user):
    rows({"title": "One"}, {"title": "Two"})
    one, two = Paper.objects.order_by("pk")
    merge_papers(one=one.pk, other=two.pk, by=admin_user)
    removal = remove_digest(digest=Digest.objects.get())
    assert removal.removed == 0 and now_at(two.pk) == one.pk
    assert restore_digest(sha256=removal.sha256, name=removal.name).counts["new"] == 0


def test_who_may_decide(client, importer, pair):
    one, other = pair
    merge = reverse("paper_merge")
    both = {"paper": one.pk, "other": other.pk}
    assert "/login/" in client.post(merge, both).headers["Location"]
    client.force_login(importer)
    assert client.post(merge, both).status_code == 403
    assert client.post(f"/api/papers/{one.pk}/merge", json.dumps({"other": other.pk}),
                       content_type="application/json").status_code == 403
    assert "Same as another paper" not in client.get(reverse("paper_detail", args=[one.pk])).content.decode()
    assert Paper.objects.count() == 2


def test_merging_by_address_on_the_page(client, admin_user, pair):
    one, other = pair
    client.force_login(admin_user)
    for wrong, said in (("x", "by its number or its address"), (str(10**9), "no longer here"),
                        (str(one.pk), "one paper already")):
        assert said in client.post(reverse("paper_merge"), {"paper": one.pk, "other": wrong},
                                   follow=True).content.decode()
    page = client.post(reverse("paper_merge"), {
        "paper": one.pk, "other": f"http://localhost{reverse('paper_detail', args=[other.pk])}"}, follow=True)
    shown = page.content.decode()
    assert "One paper now" in shown and "Take apart again" in shown and "Where this comes from" in shown
    assert "rJ4km2R5t7" in shown and "OpenReview" in shown


def test_the_api(client, admin_user, pair):
    one, other = pair
    client.force_login(admin_user)

    def post(address, body):
        return client.post(f"/api/{address}", json.dumps(body), content_type="application/json")
    merged = post(f"papers/{one.pk}/merge", {"other": other.pk}).json()
    assert (merged["kept"], merged["dropped"], merged["by"]) == (one.pk, other.pk, "admin")
    assert post(f"papers/{one.pk}/merge", {"other": other.pk}).status_code == 409
    assert client.get("/api/merges").json()["count"] == 1
    shown = client.get(f"/api/papers/{one.pk}").json()
    assert {"kind": "openreview", "value": "rJ4km2R5t7"} in shown["identifiers"] and shown["origins"]
    assert post(f"merges/{merged['id']}/undo", {}).json() == {"paper": other.pk}
    assert post(f"merges/{merged['id']}/undo", {}).status_code == 409 and post("merges/99/undo", {}).status_code == 404
    listed = client.get("/api/duplicates?state=different").json()["items"][0]
    assert listed["first"]["id"] == one.pk
    assert post(f"duplicates/{listed['id']}", {"state": "open"}).json()["state"] == "open"
    assert post("duplicates/99", {"state": "open"}).status_code == 404
    assert client.get("/api/duplicates").json()["count"] == 1


def test_a_difference_is_whole():
    before, after = "We sort. Slowly and well.", "We sort fast. And well."
    parts = difference(before, after)
    assert " ".join(words for kind, words in parts if kind != "added") == before
    assert " ".join(words for kind, words in parts if kind != "removed") == after
