"""Files named by the SHA-256 of their content, below DATA_DIR: imported originals and uploads being previewed."""

import hashlib
import os
import re
import tempfile
import time
from pathlib import Path

from django.conf import settings


class ByteStore:
    """One folder of content-named files."""

    def __init__(self, folder: str):
        self.name = folder

    @property
    def folder(self) -> Path:
        return Path(settings.DATA_DIR) / self.name

    def path(self, sha256: str) -> Path:
        """Where the file is or would be. Raises KeyError for what is no SHA-256."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise KeyError(sha256)
        return self.folder / sha256

    def put(self, data: bytes) -> str:
        """Keep the bytes, readable by the owner only. Returns their SHA-256."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path(sha256)
        self.folder.mkdir(parents=True, exist_ok=True)
        if path.exists():
            os.utime(path)
            return sha256
        descriptor, partial = tempfile.mkstemp(dir=self.folder, prefix=".partial-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(partial, path)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Raises KeyError when there is no such file."""
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError:
            raise KeyError(sha256) from None

    def has(self, sha256: str) -> bool:
        return self.path(sha256).exists()

    def holds(self, sha256: str) -> bool:
        """Whether the file is there and is still what it was when it was put."""
        try:
            with open(self.path(sha256), "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            return False

    def drop_older_than(self, seconds: float) -> int:
        """Delete files not put again for that long. Returns how many."""
        dropped = 0
        for path in self.folder.iterdir() if self.folder.exists() else ():
            try:
                if path.stat().st_mtime < time.time() - seconds:
                    path.unlink()
                    dropped += 1
            except FileNotFoundError:
                continue  # another process dropped it
        return dropped


originals = ByteStore("digests")
pending = ByteStore("pending")
