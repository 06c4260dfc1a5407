"""The file: a zip with a manifest, one JSON-lines file a table, and the kept files.

    manifest.json                 what is in it, with counts and SHA-256; from which state of the migrations
    tables/<app>.<Model>.jsonl    rows, by primary key
    files/<folder>/<sha256>       kept files
    secret_key                    where the settings generated one
    map.npz                       where the map draws each paper: a new map starts from it

Any tool that reads zip and JSON reads it.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.backup.progress import Progress

FORMAT, VERSION = "assay-backup", 1
MANIFEST = "manifest.json"
NAME = re.compile(r"tables/[A-Za-z_]\w*\.\w+\.jsonl|files/[a-z_]+/[0-9a-f]{64}|secret_key|map.npz")
PIECE = 2**20  # bytes
READ_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


class BackupError(Exception):
    """A backup cannot be taken or restored; the message says why, and that nothing was changed where that is so."""


class Writer:
    """Writes entries one after the other, and in the end the manifest that names them."""

    def __init__(self, path: Path):
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self.entries: dict[str, dict[str, Any]] = {}

    def add(self, name: str, pieces: Iterable[bytes], **facts: Any) -> dict[str, Any]:
        """Write an entry as its pieces come. Returns what the manifest says of it; `pieces` counts them."""
        digest, size, count = hashlib.sha256(), 0, 0
        with self._zip.open(name, "w", force_zip64=True) as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                size, count = size + len(piece), count + 1
        self.entries[name] = {"sha256": digest.hexdigest(), "bytes": size, "pieces": count, **facts}
        return self.entries[name]

    def finish(self, **facts: Any) -> None:
        manifest = {"format": FORMAT, "version": VERSION, "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
                    **facts, "entries": self.entries}
        self._zip.writestr(MANIFEST, json.dumps(manifest, indent=1))
        self._zip.close()


class Reader:
    """A backup that was written whole. Raises BackupError when the file is none, or of a newer format."""

    def __init__(self, path: Path):
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
            names = self._zip.namelist()
            self.manifest: dict[str, Any] = json.loads(self._zip.read(MANIFEST))
            known = self.manifest["format"] == FORMAT
            version, self.entries = self.manifest["version"], dict(self.manifest["entries"])
        except FileNotFoundError:
            raise BackupError(f"there is no file {path}") from None
        except PermissionError:
            raise BackupError(f"{path} may not be read by this user") from None
        except (*READ_ERRORS, KeyError, TypeError, ValueError) as error:
            raise BackupError(f"{path} is not a backup, or its end is missing ({error}). Nothing was changed."
                              ) from None
        if not known:
            raise BackupError(f"{path} is not a backup of Assay. Nothing was changed.")
        if not isinstance(version, int) or version > VERSION:
            raise BackupError(f"{path} was made by a newer version of Assay (format {version}, this one reads up to "
                              f"{VERSION}). Update the code first. Nothing was changed.")
        if sorted(names) != sorted([MANIFEST, *self.entries]) or not all(map(NAME.fullmatch, self.entries)):
            raise BackupError(f"{path} is damaged: it does not hold the entries its manifest names. "
                              "Nothing was changed.")

    def close(self) -> None:
        self._zip.close()

    def named(self, folder: str) -> dict[str, dict[str, Any]]:
        return {name: facts for name, facts in self.entries.items() if name.startswith(f"{folder}/")}

    def pieces(self, name: str) -> Iterator[bytes]:
        """The entry's bytes. Raises BackupError where they are not what the manifest says."""
        digest, size, told = hashlib.sha256(), 0, self.entries[name]
        try:
            with self._zip.open(name) as file:
                while piece := file.read(PIECE):
                    digest.update(piece)
                    size += len(piece)
                    if size > told["bytes"]:
                        break
                    yield piece
        except READ_ERRORS as error:
            raise BackupError(f"{self.path} is damaged: {name} cannot be read ({error}).") from None
        if (size, digest.hexdigest()) != (told["bytes"], told["sha256"]):
            raise BackupError(f"{self.path} is damaged: {name} is not what its manifest says.")

    def lines(self, name: str) -> Iterator[bytes]:
        rest = b""
        for piece in self.pieces(name):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole

    def verify(self, progress: Progress) -> None:
        """Read everything once. Raises BackupError for the first entry that is damaged."""
        total = sum(facts["bytes"] for facts in self.entries.values())
        done = 0
        try:
            for name, facts in self.entries.items():
                lines = 0
                for piece in self.pieces(name):
                    done, lines = done + len(piece), lines + piece.count(b"\n")
                    progress.tell("checking the file", done / 1e6, total / 1e6, "MB")
                if name.startswith("tables/") and lines != facts["pieces"]:
                    raise BackupError(f"{self.path} is damaged: {name} has {lines} rows instead of {facts['pieces']}.")
        except BackupError as error:
            raise BackupError(f"{error} Nothing was changed.") from None
