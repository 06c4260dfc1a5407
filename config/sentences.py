"""Errors of the machine and its configuration in one sentence that says what to do, in place of a traceback."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
from pathlib import Path

REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)
NO_FOLDER = (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG)
FULL = (errno.ENOSPC, errno.EDQUOT)
SCARCE = 4 * 2**20  # bytes; with less, a database cannot work


def sentence(error: BaseException) -> str | None:
    """What went wrong and what to do about it; None for an error that only a traceback explains."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db.utils import DatabaseError, InterfaceError
    if isinstance(error, ImproperlyConfigured):
        return _of_settings(error)
    if isinstance(error, DatabaseError | InterfaceError | sqlite3.Error):
        return _of_database(error)
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, ValueError) and str(error).startswith(("Incorrect timezone", "Unable to configure")):
        return f"{error}: correct TZ or LOG_LEVEL."  # the two settings that Django reads only when it starts
    return None


def _of_settings(error: Exception) -> str:
    text = " ".join(str(error).split())
    if text.startswith("SQLite"):
        return f"{text}: use a Python that is built with a newer one, or name a PostgreSQL in DATABASE_URL."
    return text


def _of_database(error: Exception) -> str | None:
    said = " ".join(str(error).split())
    low = said.lower()
    folder = _folder()
    if "readonly database" in low or "read-only" in low and "sqlite" in _engine():
        return f"The database in {folder} cannot be written: {_refusal()}"
    if "unable to open database file" in low or "disk i/o error" in low or "database or disk is full" in low:
        if _free(folder) < SCARCE or "full" in low:
            return _full(folder)
        if not os.access(folder, os.W_OK):
            return f"The database in {folder} cannot be written: {_refusal()}"
        return f"The database in {folder} cannot be used ({said}): look at the disk it is on, or set another DATA_DIR."
    if "not a database" in low or "malformed" in low:
        return f"The database file in {folder} is damaged ({said}): put a backup in its place, or set another DATA_DIR."
    if "database is locked" in low:
        return f"The database in {folder} is being written by another process for long: try again, or stop that one."
    if "postgresql" in _engine() and re.search(
            r"connection|could not|resolve|authentication|role .* does not exist|database .* does not exist|timeout|"
            r"server closed|no password|shutting down|starting up", low):
        return f"The database that DATABASE_URL names does not answer ({said}): start it or correct DATABASE_URL."
    return None


def _of_system(error: OSError) -> str | None:
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    where = str(path) if path else "a file"
    if error.errno in FULL:
        return _full(path.parent if path else _folder())
    if error.errno in REFUSED and path:
        return f"{where} cannot be written: {_refusal()}" if _within(path) else \
            f"{where} cannot be used ({error.strerror}): allow this user to, or name another."
    if error.errno in NO_FOLDER and path and _within(path):
        return f"DATA_DIR must be a folder, and {where} is none ({error.strerror}): set it to another."
    if error.errno == errno.EIO:
        return f"The disk fails at {where} ({error.strerror}): look at it, or set DATA_DIR to a folder on another."
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "Too many files are open: raise the limit (ulimit -n) and try again."
    return None


def _refusal() -> str:
    return "it is read-only for this user. Make it writable, or set DATA_DIR to a folder that is."


def _full(folder: Path) -> str:
    return f"The disk of {folder} is full ({_free(folder) / 2**20:.1f} MB free): make room there, or set DATA_DIR " \
           "to a folder on another. What was being saved has not been; all before it is kept."


def _folder() -> Path:
    """The data folder, also where the settings cannot be read."""
    return Path(os.environ.get("DATA_DIR") or Path(__file__).resolve().parent.parent / "var").absolute()


def _within(path: Path) -> bool:
    return path.absolute().is_relative_to(_folder()) or _folder().is_relative_to(path.absolute())


def _free(folder: Path) -> int:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def _engine() -> str:
    from django.conf import settings
    try:
        return settings.DATABASES["default"]["ENGINE"]
    except Exception:  # the settings themselves are what is broken
        return ""
