"""An import in steps: the same as its preview however it is cut, whole at every step, and able to go on."""

import json
import random

import pytest
from django.db import transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from papers import storing
from papers.digests.records import DigestError
from papers.matching import Shelf
from papers.models import Appearance, Digest, OtherTitle, Paper, Rejection, SearchText
from papers.services import continue_import, import_digest, import_digests, preview_digests, remove_digest

pytestmark = pytest.mark.django_db

TITLES = st.sampled_from(["Sorting", "Layers", "Turning", "Corners"])
RECORDS = st.lists(st.fixed_dictionaries({"title": TITLES}, optional={
    "arxiv_id": st.sampled_from(["2001.00001", "2001.00002", "2001.00003"]),
    "doi": st.sampled_from(["10.1000/a", "10.1000/b", "10.1000/c"]),
    "abstract": st.sampled_from(["Short.", "Somewhat longer.", "The longest of all."]),
    "url": st.sampled_from(["https://a.org/1", "https://b.org/2"]), "year": st.sampled_from([2020, 2021])}),
    min_size=1, max_size=8)


def lines(records) -> bytes:
    return "\n".join(json.dumps(record) for record in records).encode()


def papers():
    return [Paper.objects.order_by("title_key").values_list(
        "title", "title_key", "abstract", "arxiv_id", "doi", "year", "urls"),
        OtherTitle.objects.order_by("title_key").values_list("title_key", "paper__title_key"),
        Appearance.objects.order_by("digest", "position").values_list("position", "paper__title_key"),
        SearchText.objects.filter(kind="paper").order_by("title", "body").values_list("title", "body")]


def told(report):
    """What a report says of each entry; one imported before is told by its paper's title, which a preview has not."""
    return [(entry.outcome, entry.changes, "" if report.already_imported else entry.title) for entry in report.entries]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(digests=st.lists(RECORDS, min_size=1, max_size=2))
def test_however_it_is_cut_an_import_does_what_its_preview_says(digests, data_dir):
    uploads = [(f"{number}.jsonl", lines(records)) for number, records in enumerate(digests)]
    outcomes = []
    for lot in (1, 3, 100):
        with pytest.MonkeyPatch.context() as patch, transaction.atomic():
            patch.setattr(storing, "LOT", lot)
            patch.setattr(storing, "FOLDS", 0 if lot == 100 else 3)  # splits what folds
            known = set(Paper.objects.values_list("pk", flat=True))
            previews = preview_digests(uploads)
            reports = import_digests(uploads)
            assert list(map(told, reports)) == list(map(told, previews))
            assert all(e.paper_id is None or e.paper_id in known for preview in previews for e in preview.entries)
            assert [report.already_imported for report in reports] == [p.already_imported for p in previews]
            last = reports[-1]
            places = dict(Appearance.objects.filter(digest=last.digest_id).values_list("position", "paper"))
            assert {entry.position: entry.paper_id for entry in last.entries} == places
            outcomes.append([list(rows) for rows in papers()])
            transaction.set_rollback(True)
    assert all(outcome == outcomes[0] for outcome in outcomes)


@pytest.fixture
def half_imported(monkeypatch):
    """Ten records and a reject, of which four are stored."""
    data = lines([{"title": f"Paper {n}", "year": 2000 + n} for n in range(10)]) + b'\n{"no": "title"}'
    monkeypatch.setattr(storing, "LOT", 2)
    write, steps = storing._write, []

    def stop(digest, plan):
        write(digest, plan)
        steps.append(1)
        if len(steps) == 3:
            raise KeyboardInterrupt
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(storing, "_write", stop)
        import_digest(name="ten.jsonl", data=data)
    return Digest.objects.get(), data


def whole():
    assert Paper.objects.count() == Appearance.objects.count() == SearchText.objects.filter(kind="paper").count()
    return Paper.objects.count()


def test_what_is_stored_of_a_stopped_import_is_whole_and_it_goes_on(half_imported):
    digest, data = half_imported
    assert (digest.state, digest.listed, whole()) == (Digest.IMPORTING, 10, 4)
    before = list(Paper.objects.order_by("pk").values_list("pk", flat=True))
    (preview,) = preview_digests([("ten.jsonl", data)])
    assert preview.counts["new"] == 6 and preview.changes_anything and "stopped after 4" in preview.notes[-1]
    report = import_digest(name="other name.jsonl", data=data)
    assert (report.name, report.counts["new"], report.counts["known"]) == ("ten.jsonl", 6, 4)
    assert preview.counts == report.counts and "stopped after 4" in report.notes[-1]
    digest.refresh_from_db()
    assert (digest.state, whole(), Rejection.objects.count()) == (Digest.COMPLETE, 10, 1)
    assert list(Paper.objects.order_by("pk").values_list("pk", flat=True))[:4] == before
    assert import_digest(name="ten.jsonl", data=data).already_imported


def test_the_pages_say_so_and_continue_it(half_imported, importer, client):
    digest, _ = half_imported
    page, places = reverse("digest_detail", args=[digest.pk]), reverse("digest_progress", args=[digest.pk])
    assert "import unfinished" in client.get(reverse("digest_list")).content.decode()
    shown = client.get(page).content.decode()
    assert "4 of 10" in shown and "Continue the import" not in shown
    assert client.post(reverse("digest_continue", args=[digest.pk])).status_code == 302 and whole() == 4
    client.force_login(importer)
    assert "Continue the import" in client.get(page).content.decode()
    assert client.get("/api/digests").json()["items"][0]["state"] == "importing"
    assert "HX-Refresh" not in client.get(places, {"was": "importing"}).headers
    followed = client.post(reverse("digest_continue", args=[digest.pk]), follow=True)
    assert "10 entries" in followed.content.decode() and whole() == 10
    assert client.get(places, {"was": "importing"}).headers["HX-Refresh"] == "true"


def test_without_its_original_the_import_cannot_go_on(half_imported):
    from papers.storage import originals
    digest, _ = half_imported
    (originals.folder / digest.sha256).unlink()
    with pytest.raises(DigestError, match="import the file again"):
        continue_import(digest=digest)


def stop_removal(digest):
    forget, steps = storing._forget_papers, []

    def stop(pks):
        forget(pks)
        steps.append(1)
        if len(steps) == 3:
            raise KeyboardInterrupt
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(storing, "_forget_papers", stop)
        remove_digest(digest=digest)
    digest.refresh_from_db()
    assert digest.state == Digest.REMOVING


def test_a_stopped_removal_goes_on_or_is_undone(half_imported, importer, client):
    digest, data = half_imported
    import_digest(name="ten.jsonl", data=data)
    stop_removal(digest)
    assert whole() == 6
    client.force_login(importer)
    shown = client.get(reverse("digest_detail", args=[digest.pk])).content.decode()
    assert "removal unfinished" in shown and reverse("digest_remove", args=[digest.pk]) in shown
    assert import_digest(name="ten.jsonl", data=data).counts["new"] == 4 and whole() == 10
    assert Rejection.objects.count() == 1
    stop_removal(digest)
    assert remove_digest(digest=digest).removed == 6
    assert whole() == 0 and not Digest.objects.exists() and not Rejection.objects.exists()


def test_an_import_stops_when_its_digest_is_taken_back(half_imported, monkeypatch):
    digest, data = half_imported
    write = storing._write

    def meanwhile(digest, plan):
        write(digest, plan)
        Digest.objects.filter(pk=digest.pk).update(state=Digest.REMOVING)
    monkeypatch.setattr(storing, "_write", meanwhile)
    with pytest.raises(DigestError, match="taken back while"):
        import_digest(name="ten.jsonl", data=data)
    assert whole() == 4


def test_the_same_bytes_twice_in_one_go(importer, client):
    data = lines([{"title": "Sorting"}])
    first, second = preview_digests([("a", data), ("b", data)])
    assert first.counts["new"] == 1 and second.already_imported and second.digest_id is None
    client.force_login(importer)
    from django.core.files.uploadedfile import SimpleUploadedFile
    page = client.post(reverse("digest_import"), {"files": [SimpleUploadedFile("a", data),
                                                            SimpleUploadedFile("b", data)]})
    assert "imported once" in page.content.decode()


def test_a_lot_is_bounded_by_its_words():
    from papers.digests.records import Record
    long = "x" * (storing.LOT_CHARACTERS // 3)
    records = [Record(n, None, "t", long if n % 2 else "") for n in range(1, 3 * storing.LOT)]
    lots = list(storing.lots_of(records))
    assert [record for lot in lots for record in lot] == records
    assert all(len(lot) <= storing.LOT for lot in lots) and max(
        sum(len(record.abstract) for record in lot) for lot in lots) <= storing.LOT_CHARACTERS


def test_folding_costs_no_more_than_in_proportion(django_assert_max_num_queries):
    """Every third record says that the two before it are one paper."""
    records = [record for n in range(300) for record in (
        {"title": f"Early {n}", "arxiv_id": f"2001.{n:05}"}, {"title": f"Final {n}"},
        {"title": f"Final {n}", "arxiv_id": f"2001.{n:05}"})]
    random.Random(0).shuffle(records)
    from papers.digests.reading import read_digest
    parsed = read_digest(lines(records), "x.jsonl")
    with django_assert_max_num_queries(8):
        plan = Shelf().place([(record, record.title_key) for record in parsed.records])
    assert len(plan.new) == 300 and len(plan.other_titles) == 300
