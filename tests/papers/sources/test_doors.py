"""The mail folder and the watched folder, and the password of the first."""

import ipaddress
import os
from datetime import timedelta
from pathlib import Path

import pytest

from papers.models import Digest, Paper
from papers.sources.fetching import run_source
from papers.sources.models import Source, SourceFetch
from papers.sources.passwords import NoPassword, decrypted, encrypted, password_of
from papers.sources.services import try_source
from tests.servers.imap import mail_server
from tests.servers.upstream import atom, paper

NEWSLETTER = """From: "Daily" <list@example.org>
Subject: =?utf-8?q?Papers_of_caf=C3=A9?=
Message-ID: <{name}@example.org>
Date: Tue, 24 Nov 2026 10:00:00 +0000
Content-Type: text/plain; charset=utf-8

{title}

We look at it closely and find that it is so, in every case that we could think of and in some that we could not. Both
sides of the question are heard, and the data are given to whoever asks for them.
https://arxiv.org/abs/{number}
"""


def mail(name: str, title: str, number: str) -> bytes:
    return NEWSLETTER.format(name=name, title=title, number=number).encode()


def look(source: Source) -> SourceFetch:
    fetch = run_source(pk=source.pk)
    source.refresh_from_db()
    return fetch


@pytest.fixture
def server(settings):
    settings.SOURCES_ALLOW = [ipaddress.ip_network("127.0.0.1/32")]
    settings.SOURCES_TIMEOUT = 5.0
    with mail_server() as server:
        yield server


@pytest.fixture
def box(server, make_source):
    return make_source(Source.IMAP, address=f"127.0.0.1:{server.port}", password=encrypted("open sesame"),
                       options={"user": "reader", "folder": "INBOX", "security": "none", "sender": ""})


def test_each_mail_is_a_digest_once_and_stays_unread(server, box):
    server.put(3, mail("a", "Meadows at Rest", "2611.10001"))
    server.put(5, b"From: boss@example.org\nSubject: lunch\nMessage-ID: <l@example.org>\n\nNow?\n")
    server.put(9, mail("b", "Counting Clouds", "2611.10002"))
    fetch = look(box)
    assert fetch.outcome == "new" and fetch.brought == 2, (fetch.reason, fetch.notes)
    assert sorted(fetch.digests.values_list("name", flat=True)) == ["Papers of café.eml"] * 2
    assert {paper.urls[0]: paper.title for paper in Paper.objects.all()} == {
        "https://arxiv.org/abs/2611.10001": "Meadows at Rest", "https://arxiv.org/abs/2611.10002": "Counting Clouds"}
    assert len(fetch.notes) == 1 and "lunch.eml" in fetch.notes[0]
    assert not server.marked and box.cursor == {"validity": "7", "uid": 9}
    server.put(12, mail("c", "Rivers That Learn", "2611.10003"))
    assert look(box).brought == 1 and any("UID 10:*" in asked for asked in server.asked)
    assert look(box).outcome == "quiet"


def test_a_folder_that_was_numbered_anew_brings_nothing_twice(server, box):
    server.put(3, mail("a", "Meadows at Rest", "2611.10001"))
    assert look(box).brought == 1
    server.validity, server.mails = 8, {1: server.mails[3], 2: mail("b", "Counting Clouds", "2611.10002")}
    assert look(box).brought == 1 and box.cursor == {"validity": "8", "uid": 2} and Digest.objects.count() == 2


def test_only_mails_of_the_sender(server, box):
    box.options["sender"] = "list@example.org"
    box.save()
    server.put(1, mail("a", "Meadows at Rest", "2611.10001"))
    server.put(2, mail("b", "Counting Clouds", "2611.10002").replace(b"list@", b"spam@"))
    assert look(box).listed == 1 and Paper.objects.get().title == "Meadows at Rest"


@pytest.mark.parametrize(("change", "said"), [
    ({"password": "wrong"}, "refuses user or password"), ({"folder": "Nowhere"}, "there is no folder Nowhere"),
    ({"address": "127.0.0.1:1"}, "does not answer"), ({"address": "10.0.0.1"}, "not on the open internet")])
def test_what_fails_has_a_reason_without_the_password(server, box, change, said, caplog):
    if "password" in change:
        box.password = encrypted('it is "hidden"')
    box.options["folder"] = change.get("folder", "INBOX")
    box.address = change.get("address", box.address)
    box.save()
    assert look(box).outcome == "failed" and said in box.reason
    assert "hidden" not in box.reason + caplog.text and "sesame" not in box.reason + caplog.text


def test_a_server_that_breaks_off_is_asked_again_with_nothing_lost(server, box):
    server.put(3, mail("a", "Meadows at Rest", "2611.10001"))
    server.break_off = True
    assert look(box).outcome == "failed" and "broke off" in box.reason and box.cursor == {}
    server.break_off = False
    assert look(box).brought == 1


def test_no_password_crosses_the_open_internet_in_clear(box, settings):
    settings.SOURCES_ALLOW = []
    box.address = "93.184.215.14"
    assert "without TLS the password would cross" in try_source(source=box).error


def test_tls_is_asked_of_a_server_that_has_none(server, box):
    box.options["security"] = "tls"
    assert "TLS failed" in (error := try_source(source=box).error) or "broke off" in error


def test_a_try_of_a_folder_stores_nothing(server, box):
    server.put(3, mail("a", "Meadows at Rest", "2611.10001"))
    trial = try_source(source=box)
    assert [record.title for record in trial.papers] == ["Meadows at Rest"] and not Digest.objects.exists()


def test_a_password_is_stored_encrypted_or_only_named(settings, monkeypatch, box):
    first, second = encrypted("Gänse 🔑"), encrypted("Gänse 🔑")
    assert first != second and decrypted(first) == decrypted(second) == "Gänse 🔑" and "nse" not in first
    with pytest.raises(NoPassword):
        decrypted(first[:10] + ("A" if first[10] != "A" else "B") + first[11:])
    box.password_variable = "ASSAY_MAIL"
    with pytest.raises(NoPassword, match="ASSAY_MAIL is not set"):
        password_of(box)
    monkeypatch.setenv("ASSAY_MAIL", "from outside")
    assert password_of(box) == "from outside"
    box.password_variable = "SECRET_KEY"
    monkeypatch.setenv("SECRET_KEY", "x")
    with pytest.raises(NoPassword):
        password_of(box)
    settings.SECRET_KEY = "another"
    with pytest.raises(NoPassword, match="another SECRET_KEY"):
        decrypted(first)


@pytest.fixture
def folder(settings, tmp_path) -> Path:
    settings.SOURCES_FOLDERS = [tmp_path / "inbox"]
    (tmp_path / "inbox" / "sub").mkdir(parents=True)
    return tmp_path / "inbox"


def settle(path: Path) -> None:
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 120))


def test_a_file_at_rest_is_imported_once_and_again_when_it_changes(folder, make_source):
    source = make_source(Source.FOLDER, address=str(folder))
    path = folder / "sub" / "monday.xml"
    path.write_text(atom([paper("2611.10001", "Meadows at Rest")]))
    fetch = look(source)
    assert fetch.outcome == "quiet" and not Digest.objects.exists()  # it may be half written
    assert look(source).brought == 1 and look(source).outcome == "quiet"
    path.write_text(atom([paper("2611.10001", "Meadows at Rest"), paper("2611.10002", "Counting Clouds")]))
    settle(path)
    assert look(source).digests.get().appearances.count() == 2 and path.exists()
    (folder / "notes.txt").write_text("milk\n")
    settle(folder / "notes.txt")
    later = folder / "tuesday.xml"
    later.write_text(atom([paper("2611.10003", "Rivers That Learn")]))
    settle(later)
    fetch = look(source)
    assert fetch.brought == 1 and "notes.txt" in fetch.notes[0]
    assert look(source).notes == []


def test_only_allowed_folders_are_watched_and_links_lead_nowhere(folder, make_source, tmp_path):
    secret = tmp_path / "secret.xml"
    secret.write_text(atom([paper("2611.10001", "A Secret")]))
    settle(secret)
    (folder / "link.xml").symlink_to(secret)
    (folder / "away").symlink_to(tmp_path)
    (folder / ".hidden").write_text("x")
    os.mkfifo(folder / "pipe")
    assert look(make_source(Source.FOLDER, address=str(folder))).listed == 0
    for place in (tmp_path, folder / "away", folder / ".." / "..", Path("/etc")):
        source = make_source(Source.FOLDER, name=str(place), address=str(place))
        assert look(source).outcome == "failed" and "may be watched" in source.reason
    gone = make_source(Source.FOLDER, name="gone", address=str(folder / "gone"))
    assert "is no folder" in look(gone).reason and gone.next_run_at - gone.last_run_at > timedelta(minutes=4)
