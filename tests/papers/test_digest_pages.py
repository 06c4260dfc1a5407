"""The pages of digests: preview and import, list, detail, taking back and undoing."""

import os
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from papers import forms
from papers.models import Digest, Paper, SearchText, Vector
from papers.services import import_digest
from papers.storage import pending
from tests.papers.digest_texts import BLANK_LAYOUT, DENSE_LAYOUT

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client, importer):
    client.force_login(importer)
    return client


def upload(name, data):
    return SimpleUploadedFile(name, data if isinstance(data, bytes) else data.encode())


def test_importing_needs_a_login_and_the_permission(client, django_user_model):
    assert client.get(reverse("digest_import")).url.startswith(reverse("login"))
    client.force_login(django_user_model.objects.create_user("reader"))
    for name in ("digest_import", "digest_confirm", "digest_restore"):
        assert client.post(reverse(name), {"text": BLANK_LAYOUT}).status_code == 403
    assert not Digest.objects.exists()


def test_writing_needs_the_csrf_token(importer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(importer)
    assert client.post(reverse("digest_confirm"), {"token": "x"}).status_code == 403


def test_paste_preview_import(staff, importer):
    preview = staff.post(reverse("digest_import"), {"text": BLANK_LAYOUT.replace("\n", "\r\n"), "name": "My paste"})
    html = preview.content.decode()
    assert preview.context["totals"] == {"appearances": 2, "new": 2, "known": 0, "merged": 0, "rejected": 0}
    assert "Layers That Sort Themselves" in html and "Nothing is saved yet" in html and not Paper.objects.exists()
    done = staff.post(reverse("digest_confirm"), {"token": preview.context["token"]}, follow=True)
    digest = Digest.objects.get()
    assert done.redirect_chain[-1][0] == reverse("digest_detail", args=[digest.pk])
    assert (digest.name, digest.imported_by) == ("My paste", importer)
    assert "2 new papers" in done.content.decode() and "0 of 2 papers embedded" in done.content.decode()
    from hashlib import sha256
    assert digest.sha256 == sha256(BLANK_LAYOUT.encode()).hexdigest()  # as a file of the same text would have


def test_several_files_with_a_bad_one_and_one_known(staff):
    import_digest(name="known.txt", data=BLANK_LAYOUT.encode())
    preview = staff.post(reverse("digest_import"), {"files": [
        upload("same.txt", BLANK_LAYOUT), upload("dense.txt", DENSE_LAYOUT + "\nA New One"),
        upload("picture.png", b"\x89PNG\r\n"), upload("empty.txt", b"")]})
    html = preview.content.decode()
    assert "imported before" in html and "picture.png: this is a PNG image" in html and "empty.txt: the file is" in html
    assert preview.context["totals"]["new"] == 1 and preview.context["totals"]["known"] == 4
    done = staff.post(reverse("digest_confirm"), {"token": preview.context["token"]}, follow=True)
    assert list(Digest.objects.order_by("pk").values_list("name", flat=True)) == ["known.txt", "dense.txt"]
    assert Paper.objects.count() == 3 and done.status_code == 200
    again = staff.post(reverse("digest_confirm"), {"token": preview.context["token"]}, follow=True)
    assert "nothing changes" in again.content.decode() and Digest.objects.count() == 2


def test_nothing_given_and_too_much_given(staff, monkeypatch):
    response = staff.post(reverse("digest_import"), {"text": "  \r\n"})
    assert response.status_code == 422 and "Paste some text or choose a file" in response.content.decode()
    monkeypatch.setattr(forms, "UPLOAD_LIMIT", 2**20)
    response = staff.post(reverse("digest_import"), {"files": [upload("big.txt", b"x" * (2**20 + 1))]})
    assert response.status_code == 422 and "big.txt: larger than 1 MB" in response.content.decode()
    response = staff.post(reverse("digest_import"), {"text": "x" * (2**20 + 1)})
    assert "larger than 1 MB" in response.content.decode()


def test_upload_names_cannot_leave_the_folder(staff, data_dir):
    preview = staff.post(reverse("digest_import"), {"files": [upload("..%2F..%2Fx", BLANK_LAYOUT)]})
    staff.post(reverse("digest_confirm"), {"token": preview.context["token"]})
    files = [path for path in data_dir.rglob("*") if path.is_file()]
    assert len(files) == 2 and all(len(path.name) == 64 for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_a_preview_belongs_to_one_user_for_a_day(staff, django_user_model):
    preview = staff.post(reverse("digest_import"), {"text": BLANK_LAYOUT})
    token = preview.context["token"]
    other = Client()
    other.force_login(django_user_model.objects.create_superuser("other"))
    assert "somebody else" in other.post(reverse("digest_confirm"), {"token": token}, follow=True).content.decode()
    assert "more than a day old" in staff.post(
        reverse("digest_confirm"), {"token": token + "x"}, follow=True).content.decode()
    (kept,) = pending.folder.iterdir()
    os.utime(kept, (time.time() - 90_000,) * 2)
    staff.post(reverse("digest_import"), {"text": DENSE_LAYOUT})
    assert not kept.exists()
    staff.post(reverse("digest_confirm"), {"token": token})
    assert not Digest.objects.exists()


def test_markup_in_a_digest_stays_text(staff, client):
    nasty = BLANK_LAYOUT.replace("Layers That", "<script>alert(1)</script> Layers")
    preview = staff.post(reverse("digest_import"), {"text": nasty, "name": "<img src=x>"})
    assert "<script>alert" not in preview.content.decode() and "<img src=x>" not in preview.content.decode()
    page = staff.post(reverse("digest_confirm"), {"token": preview.context["token"]}, follow=True).content.decode()
    assert "<script>alert" not in page and "<img src=x>" not in page and "&lt;script&gt;alert(1)" in page


def test_digest_pages_show_places_and_rejects(client, django_assert_max_num_queries):
    broken = BLANK_LAYOUT.replace("Turning Schedules: Slowing Down on Corners\n\n", "")
    report = import_digest(name="broken.txt", data=broken.encode())
    url = reverse("digest_detail", args=[report.digest_id])
    client.get(url)
    with django_assert_max_num_queries(17):
        html = client.get(url).content.decode()
    assert "no title before it" in html and '<td class="num">15</td>' in html and 'title="line 11"' in html
    assert "Take this import back" not in html and "The original" not in html
    with django_assert_max_num_queries(3):
        html = client.get(reverse("digest_list")).content.decode()
    assert "broken.txt" in html and "command line" in html


def test_empty_digest_list_says_what_to_do(client):
    assert "manage.py ingest" in client.get(reverse("digest_list")).content.decode()


def test_progress_counts_present_vectors_and_links(client):
    report = import_digest(name="a.txt", data=BLANK_LAYOUT.encode())
    url = reverse("digest_progress", args=[report.digest_id])
    assert "0 of 2 papers embedded" in client.get(url).content.decode()
    first, second = SearchText.objects.order_by("pk")
    Vector.objects.create(text=first, model_id="m", text_hash=first.text_hash, dimension=1, values=b"")
    SearchText.objects.filter(pk=first.pk).update(embedded_by="m")
    Vector.objects.create(text=second, model_id="m", text_hash="of an older text", dimension=1, values=b"")
    html = client.get(url).content.decode()
    assert "1 of 2 papers embedded, 0 linked" in html and "hx-trigger" in html


def test_taking_back_and_undoing(staff, client):
    report = import_digest(name="a.txt", data=BLANK_LAYOUT.encode())
    url = reverse("digest_remove", args=[report.digest_id])
    assert "2 papers" in staff.get(url).content.decode() and Digest.objects.exists()
    page = staff.post(url, follow=True)
    assert not Digest.objects.exists() and not Paper.objects.exists() and not SearchText.objects.exists()
    assert "2 papers went with it" in page.content.decode()
    back = staff.post(reverse("digest_restore"), {"token": page.context["token"]}, follow=True)
    assert "Back again" in back.content.decode() and Digest.objects.get().appearances.count() == 2
    forged = staff.post(reverse("digest_restore"), {"token": "forged"}, follow=True)
    assert "can no longer be undone" in forged.content.decode()


def test_taking_back_needs_its_permission(client, django_user_model):
    report = import_digest(name="a.txt", data=BLANK_LAYOUT.encode())
    client.force_login(django_user_model.objects.create_user("reader"))
    assert client.post(reverse("digest_remove", args=[report.digest_id])).status_code == 403
    assert client.get(reverse("digest_original", args=[report.digest_id])).status_code == 403
    assert Digest.objects.exists()


def test_original_comes_back_byte_for_byte(staff):
    report = import_digest(name="a.txt", data=BLANK_LAYOUT.encode())
    response = staff.get(reverse("digest_original", args=[report.digest_id]))
    assert response.content == BLANK_LAYOUT.encode() and "attachment" in response["Content-Disposition"]


def test_admin_corrects_and_takes_back_through_the_services(admin_client):
    report = import_digest(name="a.txt", data=BLANK_LAYOUT.encode())
    paper = Paper.objects.get(title="Layers That Sort Themselves")
    response = admin_client.post(reverse("admin:papers_paper_change", args=[paper.pk]), {
        "title": "Layers That Sort", "abstract": paper.abstract, "authors": "[]", "urls": "[]"})
    assert response.status_code == 302
    assert SearchText.objects.get(key=str(paper.pk)).title == "Layers That Sort"
    asked = admin_client.post(reverse("admin:papers_digest_delete", args=[report.digest_id]), {"post": "yes"})
    admin_client.post(asked.url)
    assert not Paper.objects.exists() and not SearchText.objects.exists()


DUTCH = "Naam;Schrijvers;Jaar\r\n" + "".join(
    f"Calm Schedules for {things};Ada Example, Bo Sample;202{number}\r\n" for number, things in enumerate(
        ("Noisy Gradients", "Quiet Rivers", "Loud Forests")))


def test_unusual_headings_are_mapped_in_the_preview_and_kept(client, importer):
    client.force_login(importer)
    page = client.post(reverse("digest_import"), {"text": DUTCH, "name": "lijst"})
    html = page.content.decode()
    assert "Which column is what" in html and "no column is headed as the papers" in html
    assert '<option selected>Naam</option>' in html and page.context["token"] == ""
    page = client.post(reverse("digest_columns"), {
        "all": page.context["all"], "columns-0-title": "Naam", "columns-0-authors": "Schrijvers",
        "columns-0-year": "Jaar"})
    assert [entry.title for entry in page.context["reports"][0].new] == [
        "Calm Schedules for Noisy Gradients", "Calm Schedules for Quiet Rivers", "Calm Schedules for Loud Forests"]
    shown = client.post(reverse("digest_confirm"), {"token": page.context["token"]}, follow=True)
    digest = Digest.objects.get()
    assert digest.columns == {"title": "Naam", "authors": "Schrijvers", "year": "Jaar"}
    assert "title = “Naam”" in shown.content.decode()
    removed = client.post(reverse("digest_remove", args=[digest.pk]), follow=True)
    client.post(reverse("digest_restore"), {"token": removed.context["token"]})
    assert Digest.objects.get().columns == digest.columns and Paper.objects.count() == 3


def test_columns_of_somebody_else_are_not_shown(client, importer, django_user_model):
    client.force_login(importer)
    token = client.post(reverse("digest_import"), {"text": DUTCH}).context["all"]
    client.force_login(django_user_model.objects.create_superuser("other", password="a long password"))
    assert client.post(reverse("digest_columns"), {"all": token}).url == reverse("digest_import")
    client.logout()
    assert client.post(reverse("digest_columns"), {"all": token}).status_code == 302


def test_a_digests_page_keeps_what_its_import_brought(client):
    import_digest(name="a", data=b'[{"title": "Sorting Rows"}, {"title": "Sorting Trees"}]')
    report = import_digest(name="b", data=b'[{"title": "Zebras in Rows"}, {"title": "Sorting Rows", "year": 2020}, '
                                          b'{"title": "Sorting Trees"}, {"abstract": "x"}, {"title": "Ants"}]')
    page = client.get(reverse("digest_detail", args=[report.digest_id]))
    assert [(outcome.title, outcome.count, [place.paper.title for place in outcome.entries])
            for outcome in page.context["outcomes"]] == [
        ("new papers", 2, ["Zebras in Rows", "Ants"]), ("merged into known papers", 1, ["Sorting Rows"]),
        ("known already", 1, ["Sorting Trees"])]
    assert "What its import brought" in page.content.decode()
