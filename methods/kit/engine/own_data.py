"""Data of one's own in place of a pinned set, at the scale `gpu` alone.

    <DATA_DIR>/datasets/own/<source>/taken.json   what stands in: title, digest, how much, where it came from
    <DATA_DIR>/datasets/own/<source>/<sha256>/    its arrays as the pinned set has them, or its archive
    <DATA_DIR>/datasets/own/made/<key>/           what arenas compute of it and keep

Its digest is part of what a run is told by, so scores on other data are never shown as each other's.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from methods.kit.engine import archives
from methods.kit.engine.archives import DataUnavailable, data_dir
from methods.kit.stage.sources import Source

SCALE = "gpu"
TAKEN, ARCHIVE = "taken.json", "archive.tar"


@dataclass(frozen=True)
class OwnData:
    """What stands in for the set of the source of that name. `came_from` is a folder, a file or a name, as it was
    given; `licence` is what its taker says of it."""

    source: str
    title: str
    sha256: str
    rows: int
    came_from: str
    licence: str
    taken_on: str

    @property
    def path(self) -> Path:
        return folder(self.source) / self.sha256

    @property
    def read_from(self) -> Path:
        """The archive where there is one, else the folder of arrays."""
        return self.path / ARCHIVE if (self.path / ARCHIVE).exists() else self.path

    def __str__(self) -> str:
        return f"{self.title} ({self.rows:,} rows, {self.licence}), taken on {self.taken_on}"


def folder(source: str) -> Path:
    return data_dir() / "own" / source


def manifests() -> list[Path]:
    """The files that say what stands in for what."""
    return sorted((data_dir() / "own").glob(f"*/{TAKEN}"))


def taken() -> list[OwnData]:
    """All that stands in for something here. Raises DataUnavailable for a file that cannot be read."""
    return [_read(file) for file in manifests()]


def used_by(sources: Iterable[Source], scale: str) -> list[OwnData]:
    """What stands in for these sources at that scale."""
    if scale != SCALE:
        return []
    files = (folder(source.name) / TAKEN for source in sources)
    return [_read(file) for file in files if file.exists()]


def fingerprint(sources: Iterable[Source], scale: str) -> str:
    """Tells one's own data of these sources at that scale apart; "" where there are none."""
    return "".join(f"\0{own.source}={own.sha256}" for own in used_by(sources, scale))


@contextmanager
def in_use(sources: Iterable[Source], scale: str) -> Iterator[list[OwnData]]:
    """Inside this block the loaders of these sources give one's own data where there are some for that scale."""
    own = used_by(sources, scale)
    if not own:
        yield own
        return
    key = hashlib.sha256("".join(sorted(each.sha256 for each in own)).encode()).hexdigest()[:16]
    _forget_loaded()
    with archives.standing_in({each.source: each.read_from for each in own}, data_dir() / "own" / "made" / key):
        try:
            yield own
        finally:
            _forget_loaded()


def keep(own: OwnData) -> None:
    """Have it stand in from now on, once `own.path` is there; what stood in before goes."""
    file = folder(own.source) / TAKEN
    writing = file.with_name(f".{TAKEN}")
    writing.write_text(json.dumps(asdict(own), indent=1) + "\n", "utf-8")
    writing.replace(file)
    for other in folder(own.source).iterdir():
        if other.is_dir() and other != own.path:
            shutil.rmtree(other)
    shutil.rmtree(data_dir() / "own" / "made", ignore_errors=True)


def give_up(source: str) -> None:
    """Have the pinned set in its place again. Raises KeyError where nothing stands in for it."""
    if not (folder(source) / TAKEN).exists():
        raise KeyError(source)
    (folder(source) / TAKEN).unlink()
    shutil.rmtree(folder(source))
    shutil.rmtree(data_dir() / "own" / "made", ignore_errors=True)


def _read(file: Path) -> OwnData:
    try:
        return OwnData(**json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DataUnavailable(f"{file} does not say what stands in for {file.parent.name}: {error}. "
                              "Take the data again, or give it up") from error


def _forget_loaded() -> None:
    """What loaders keep in memory is of the other data."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("methods.kit.stage.", "methods.arenas.")):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
