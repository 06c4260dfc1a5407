"""A ZIP archive: each file in it is read by its own format; one that cannot be read is named, and the others count."""

import io
import zipfile
import zlib

from papers.digests.kinds import structure
from papers.digests.records import DigestError, single_line
from papers.digests.source import Source, open_source
from papers.digests.unpacking import UNPACKED_LIMIT

NAME = "ZIP"
MEMBERS_LIMIT = 1000
RATIO_LIMIT = 200  # unpacked bytes for one packed, above RATIO_FREE bytes; text packs to a tenth
RATIO_FREE = 10 << 20

_BEGIN = (b"PK\x03\x04", b"PK\x05\x06")
_INNER = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!\x1a", b"\x28\xb5\x2f\xfd")
_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


class _Unread(Source):
    """A file of the archive that cannot be opened; its text is why. Unwrapping it says so."""


def sniff(source: Source) -> float:
    if isinstance(source, _Unread):
        return 0.9
    if not source.data.startswith(_BEGIN):
        return 0.0
    if (names := member_names(source.data)) is None:
        return 0.9 if structure(source) == "a ZIP archive" else 0.0
    return 0.9 if not _is_document(names) else 0.0


def member_names(data: bytes) -> list[str] | None:
    """The names of the files in a ZIP archive; None where its directory cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.namelist()
    except Exception:  # the library trips over a damaged directory in ways of its own
        return None


def _is_document(names: list[str]) -> bool:
    """Whether the archive is one document inside: a workbook, a text, a book."""
    return "[Content_Types].xml" in names or names[:1] == ["mimetype"]


def unwrap(source: Source) -> list[Source]:
    """Its files. Raises DigestError, naming the limit, where it is broken, has none, or would grow too large."""
    if isinstance(source, _Unread):
        raise DigestError(f"{source.name}: {source.text}")
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            members = [info for info in archive.infolist() if not info.is_dir() and not _is_litter(info.filename)]
            check_sizes(members, len(source.data), source.name)
            sources = [_opened(archive, info, source.name) for info in members]
    except DigestError:
        raise
    except Exception as error:  # the library trips over a damaged directory in ways of its own
        raise DigestError(f"{source.name}: a ZIP archive that cannot be opened: {error}") from error
    if not sources:
        raise DigestError(f"{source.name}: the ZIP archive holds no file")
    return sources


def check_sizes(members: list[zipfile.ZipInfo], packed: int, name: str) -> None:
    """Raise DigestError where there are too many files or they would unpack to too much."""
    if len(members) > MEMBERS_LIMIT:
        raise DigestError(f"{name}: {len(members):,} files in it, at most {MEMBERS_LIMIT:,} are read")
    size = sum(info.file_size for info in members)
    if size > UNPACKED_LIMIT:
        raise DigestError(f"{name}: unpacks to {size >> 20:,} MB, at most {UNPACKED_LIMIT >> 20} MB are read; "
                          "split the list into smaller files")
    if size > RATIO_FREE and size > RATIO_LIMIT * packed:
        raise DigestError(f"{name}: unpacks to {size // max(packed, 1):,} times its size, which no list of papers does")


def _is_litter(name: str) -> bool:
    return name.startswith(_LITTER[0]) or name.rpartition("/")[2] in _LITTER[1:] or \
        name.rpartition("/")[2].startswith("._")


def _opened(archive: zipfile.ZipFile, info: zipfile.ZipInfo, within: str) -> Source:
    name = f"{single_line(info.filename)[:200] or 'a file'} in {within}"
    if info.flag_bits & 0x1:
        return _Unread(name, b"", "encrypted; unpack it first")
    try:
        data = archive.read(info)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        return _Unread(name, b"", f"cannot be unpacked: {error}")
    if data.startswith(_INNER) or data.startswith(_BEGIN) and not _is_document(member_names(data) or []):
        return _Unread(name, b"", "an archive inside an archive; unpack it first")
    try:
        return open_source(data, name)[0]
    except DigestError as error:
        return _Unread(name, b"", str(error).removeprefix(f"{name}: "))
