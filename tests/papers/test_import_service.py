"""Importing digests: matching, merging, previews, taking back, and what search sees."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from methods.models import Arena, Method, PaperLink
from papers.digests.records import DigestError
from papers.models import Appearance, Digest, OtherTitle, Paper, Rejection, SearchText
from papers.services import (
    edit_paper,
    import_digest,
    import_digests,
    preview_digest,
    preview_digests,
    record_search_texts,
    remove_digest,
    restore_digest,
)
from papers.storage import originals
from papers.storing import LOT
from tests.papers.digest_texts import BLANK_LAYOUT, DENSE_LAYOUT, LONG

pytestmark = pytest.mark.django_db


def papers_by_title_key() -> dict[str, int]:
    """Every normalised title a paper is known by, and the paper's primary key."""
    return {**dict(OtherTitle.objects.values_list("title_key", "paper_id")),
            **dict(Paper.objects.values_list("title_key", "pk"))}


def rows(*records, name="rows.jsonl"):
    return {"name": name, "data": "\n".join(json.dumps(record) for record in records).encode()}


def state():
    """Every row an import can touch, times left out."""
    return [sorted(model.objects.values_list(*[f.name for f in model._meta.fields if f.name not in (
        "created_at", "updated_at", "imported_at")])) if model is not Paper else
            [repr(row) for row in Paper.objects.order_by("pk").values("title", "title_key", "abstract", "arxiv_id",
                                                                      "doi", "year", "authors", "urls")]
            for model in (Paper, Appearance, Digest, OtherTitle)] + [
        list(SearchText.objects.order_by("pk").values_list("kind", "key", "title", "body", "text_hash")),
        Rejection.objects.count()]


def test_import_stores_papers_places_and_search_texts(importer):
    report = import_digest(name="../../etc/My digest.txt", data=BLANK_LAYOUT.encode(), imported_by=importer)
    digest = Digest.objects.get()
    assert (digest.name, digest.format, digest.imported_by) == ("My digest.txt", "trending papers", importer)
    assert report.counts == {"appearances": 2, "new": 2, "known": 0, "merged": 0, "rejected": 0}
    assert list(digest.appearances.values_list("position", "line", "paper__title")) == [
        (1, 11, "Layers That Sort Themselves"), (2, 15, "Turning Schedules: Slowing Down on Corners")]
    paper = Paper.objects.get(title_key="layers that sort themselves")
    text = SearchText.objects.get(kind="paper", key=str(paper.pk))
    assert (text.title, text.body, len(text.text_hash)) == (paper.title, LONG, 64)
    assert originals.get(report.sha256) == BLANK_LAYOUT.encode()


def test_importing_again_changes_nothing_and_says_so(django_assert_max_num_queries):
    import_digest(name="a.txt", data=BLANK_LAYOUT.encode())
    before = state()
    with django_assert_max_num_queries(3):
        report = import_digest(name="renamed.txt", data=BLANK_LAYOUT.encode())
    assert report.already_imported and not report.changes_anything and "nothing changes" in report.summary
    assert len(report.known) == 2 and state() == before


def test_other_layout_of_the_same_papers_is_known():
    import_digest(name="a.txt", data=BLANK_LAYOUT.encode())
    report = import_digest(name="b.txt", data=DENSE_LAYOUT.encode())
    assert report.counts["known"] == 2 and Paper.objects.count() == 2 and Appearance.objects.count() == 4


def test_twice_in_one_digest_is_two_appearances_of_one_paper():
    report = import_digest(**rows({"title": "Sorting"}, {"title": "SORTING"}, {"title": "Sorting", "year": 2024}))
    assert [entry.outcome for entry in report.entries] == ["new", "known", "merged"]
    assert Paper.objects.get().year == 2024
    assert list(Appearance.objects.values_list("position", flat=True)) == [1, 2, 3]


def test_merge_fills_gaps_and_loses_nothing():
    import_digest(**rows({"title": "Sorting", "abstract": "The longer abstract.", "url": "https://a.org/1",
                          "authors": ["A", "B"], "year": 2020, "doi": "10.1000/a"}))
    report = import_digest(**rows({"title": "sorting", "abstract": "Short.", "url": "https://b.org/2",
                                   "authors": ["A"], "year": 2021, "arxiv_id": "2001.00001", "doi": "10.1000/b"}))
    paper = Paper.objects.get()
    assert (paper.title, paper.abstract, paper.authors, paper.year) == ("Sorting", "The longer abstract.", ["A", "B"],
                                                                        2020)
    assert (paper.arxiv_id, paper.doi) == ("2001.00001", "10.1000/a")
    assert paper.urls == ["https://a.org/1", "https://b.org/2", "https://doi.org/10.1000/b"]
    (entry,) = report.merged
    assert {change.field: change.after for change in entry.changes}["arxiv_id"] == "2001.00001"
    longer = import_digest(**rows({"title": "Sorting", "abstract": "The longer abstract, and more."}))
    assert [change.field for change in longer.merged[0].changes] == ["abstract"]
    assert SearchText.objects.get().body == "The longer abstract, and more."


def test_a_description_gives_way_to_the_abstract():
    import_digest(**rows({"title": "Sorting", "description": "A description longer than the abstract is."}))
    assert Paper.objects.get().described
    import_digest(**rows({"title": "Sorting", "abstract": "The abstract."}))
    import_digest(**rows({"title": "Sorting", "description": "Another description longer than the abstract."}))
    paper = Paper.objects.get()
    assert paper.abstract == "The abstract." and not paper.described


def test_a_retitled_paper_is_known_by_both_titles():
    import_digest(**rows({"title": "Sorting Layers", "arxiv_id": "2001.00001"}))
    import_digest(**rows({"title": "Sorting Layers, Revised", "arxiv_id": "2001.00001v3"}))
    report = import_digest(**rows({"title": "sorting layers revised"}))
    paper = Paper.objects.get()
    assert report.counts["known"] == 1 and paper.title == "Sorting Layers"
    assert papers_by_title_key() == {"sorting layers": paper.pk, "sorting layers revised": paper.pk}


def test_same_title_with_two_arxiv_ids_stays_two_papers():
    import_digest(**rows({"title": "Sorting", "arxiv_id": "2001.00001"}))
    report = import_digest(**rows({"title": "Sorting", "arxiv_id": "2002.00002"}, {"title": "Sorting"}))
    assert [entry.outcome for entry in report.entries] == ["new", "known"]
    assert set(Paper.objects.values_list("arxiv_id", flat=True)) == {"2001.00001", "2002.00002"}
    before = state()[0]
    import_digest(**rows({"title": "Sorting", "arxiv_id": "2002.00002"}, name="again"))
    assert state()[0] == before


@pytest.fixture
def two_rows_of_one_paper(importer):
    """A preprint row and a row known by title only, each linked to methods."""
    import_digest(**rows({"title": "Early Title", "arxiv_id": "2001.00001"}))
    import_digest(**rows({"title": "Final Title", "doi": "10.1000/a", "abstract": "Long enough to win."}))
    early, final = Paper.objects.get(arxiv_id="2001.00001"), Paper.objects.get(doi="10.1000/a")
    arena = Arena.objects.create(slug="long-tail", title="Long tail", question="?", explanation="", metrics=[],
                                 settings=[], scales={}, baseline="a", source_code="")
    methods = [Method.objects.create(arena=arena, slug=slug, title=slug, summary="", explanation="", source_path="",
                                     source_code="", code_digest="") for slug in "ab"]
    for paper in (early, final):
        PaperLink.objects.create(paper=paper, method=methods[0], kind="related", origin="meaning")
    PaperLink.objects.create(paper=final, method=methods[1], kind="related", origin="meaning")
    from django.utils import timezone
    final.links.filter(method=methods[0]).update(state="rejected", curated_by=importer, curated_at=timezone.now())
    return early, final


def test_rows_that_prove_to_be_one_paper_are_folded(two_rows_of_one_paper):
    early, final = two_rows_of_one_paper
    data = rows({"title": "Final Title", "arxiv_id": "2001.00001"}, name="both")
    preview = preview_digest(**data)
    assert Paper.objects.count() == 2
    report = import_digest(**data)
    assert report.entries == preview.entries and report.merged[0].changes[0].field == "same paper as"
    paper = Paper.objects.get()
    assert (paper.pk, paper.doi, paper.abstract) == (early.pk, "10.1000/a", "Long enough to win.")
    assert paper.appearances.count() == 3 and SearchText.objects.filter(kind="paper").count() == 1
    links = {link.method.slug: link for link in paper.links.select_related("method")}
    assert set(links) == {"a", "b"} and links["a"].state == "rejected"  # the curator's word moved along
    before = state()
    import_digest(**rows({"title": "final title"}, name="later"))
    assert state()[0] == before[0]


def test_two_new_records_that_prove_to_be_one_paper():
    report = import_digest(**rows({"title": "Early", "arxiv_id": "2001.00001"}, {"title": "Final", "abstract": "Abc."},
                                  {"title": "Final", "arxiv_id": "2001.00001"}))
    paper = Paper.objects.get()
    assert paper.abstract == "Abc." and paper.appearances.count() == 3
    assert papers_by_title_key() == {"early": paper.pk, "final": paper.pk}
    assert {entry.paper_id for entry in report.entries} == {paper.pk}


def test_preview_equals_import_and_saves_nothing():
    import_digest(**rows({"title": "Sorting"}))
    before = state()
    uploads = [("a", rows({"title": "Sorting", "year": 2020}, {"title": "New"})["data"]),
               ("b", rows({"title": "New"}, {"title": "Newer"}, {"no": 1})["data"]), ("c", b"\0\0"),
               ("d", rows({"title": "Sorting"})["data"])]
    previews = preview_digests(uploads)
    assert state() == before and not originals.has(previews[0].sha256)
    assert all(entry.paper_id is None for preview in previews for entry in preview.new)
    reports = import_digests(uploads)
    assert [report.counts for report in reports] == [preview.counts for preview in previews]
    assert [report.error for report in reports] == [preview.error for preview in previews]
    assert previews[2].error.startswith("c: ") and previews[3].already_imported
    assert [reject.line for reject in reports[1].rejected] == [3] and Rejection.objects.get().line == 3


def test_nothing_is_kept_of_a_digest_that_fails():
    with pytest.raises(DigestError, match="empty.txt: "):
        import_digest(name="empty.txt", data=b"")
    assert not Digest.objects.exists()


def test_embedding_is_asked_for_once_on_commit(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as first:
        import_digest(name="a.txt", data=BLANK_LAYOUT.encode())
    with django_capture_on_commit_callbacks() as again:
        import_digest(name="a.txt", data=BLANK_LAYOUT.encode())
        preview_digest(name="b.txt", data=DENSE_LAYOUT.encode())
        import_digest(name="b.txt", data=DENSE_LAYOUT.encode())
    assert len(first) == 1 and not again


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_the_import_stands_and_the_log_says_so(caplog, tmp_path, monkeypatch):
    from workers.celery import app
    monkeypatch.setattr(app.conf, "broker_url", f"redis+socket://{tmp_path}/nobody-here.sock")
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    import_digest(name="a.txt", data=BLANK_LAYOUT.encode())
    assert Paper.objects.count() == 2 and "No broker" in caplog.text


def test_search_texts_are_written_only_when_they_change():
    Paper.objects.create(pk=7, title="P", title_key="p")
    rows = [("method", "long-tail/a", "A", "about a"), ("paper", "7", "P", "")]
    assert record_search_texts(rows) == 2
    assert record_search_texts(rows) == 0
    assert record_search_texts([("method", "long-tail/a", "A", "more about a")]) == 1
    assert SearchText.objects.get(kind="method").body == "more about a" and SearchText.objects.count() == 2


def test_taking_a_digest_back_and_bringing_it_back(two_rows_of_one_paper):
    early, final = two_rows_of_one_paper
    only, shared = {"title": "Only here"}, {"title": "Early title"}
    report = import_digest(**rows(only, shared, {"title": "Final title"}, name="third"))
    first, second = Digest.objects.order_by("pk")[:2]
    assert remove_digest(digest=second).removed == 0  # still listed by the third
    removal = remove_digest(digest=Digest.objects.get(pk=report.digest_id))
    assert (removal.removed, removal.kept, removal.restorable) == (1, 2, True)  # a curator's link keeps `final`
    assert set(Paper.objects.values_list("pk", flat=True)) == {early.pk, final.pk}
    assert SearchText.objects.filter(kind="paper").count() == 2
    back = restore_digest(sha256=removal.sha256, name=removal.name)
    assert back.counts["new"] == 1 and back.counts["known"] == 2
    with pytest.raises(DigestError, match="no longer kept"):
        restore_digest(sha256="0" * 64, name="x")
    with pytest.raises(DigestError, match="no longer kept"):
        restore_digest(sha256="../../secret_key", name="x")
    assert first.pk


def test_a_title_changed_by_hand_keeps_the_old_one_known():
    import_digest(**rows({"title": "Sortign Layers"}, {"title": "Taken"}))
    paper = Paper.objects.get(title="Sortign Layers")
    paper.title = "Sorting Layers"
    edit_paper(paper=paper)
    assert import_digest(**rows({"title": "sortign layers"}, {"title": "sorting layers"})).counts["known"] == 2
    assert SearchText.objects.get(key=str(paper.pk)).title == "Sorting Layers"
    paper.title = "Taken"
    with pytest.raises(ValidationError), transaction.atomic():
        edit_paper(paper=paper)


def test_a_thousand_records_take_few_queries(django_assert_max_num_queries):
    data = rows(*({"title": f"Paper number {i}", "abstract": "x" * 900, "arxiv_id": f"2001.{i:05}"}
                  for i in range(1000)))
    with django_assert_max_num_queries(15 * 1000 // LOT):
        import_digest(**data)
    with django_assert_max_num_queries(8):
        preview_digest(name="again.jsonl", data=data["data"] + b"\n")


def test_the_five_digests(digest_files):
    uploads = [(path.name, path.read_bytes()) for path in digest_files]
    reports = import_digests(uploads)
    assert sum(len(report.entries) for report in reports) == Appearance.objects.count() == 735
    assert sum(len(report.new) for report in reports) == Paper.objects.count() == 668
    assert not any(report.rejected or report.error or report.notes for report in reports)
    before = state()
    assert all(report.already_imported for report in import_digests(uploads))
    assert state() == before
