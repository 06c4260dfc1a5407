"""ZIP archives: every file by its own format, limits, and files that cannot be opened."""

import gzip
import io
import zipfile

import pytest
from openpyxl import Workbook

from papers.digests.reading import read_digest
from papers.digests.records import DigestError


def packed(files: dict[str, bytes | str], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


BIBTEX = "@misc{k, title={Calm Schedules}}"
CSV = "Title,Year\nMargins,2020\n"


def workbook() -> bytes:
    book, file = Workbook(), io.BytesIO()
    book.active.append(["Title", "Year"])
    book.active.append(["Buffers", 2021])
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_file_by_its_own_format(how):
    parsed = read_digest(
        packed(
            {
                "a/list.bib": BIBTEX,
                "list.csv": CSV,
                "book.xlsx": workbook(),
                "a/": "",
                "__MACOSX/._list.csv": b"\0\5",
                ".DS_Store": b"\0",
            },
            how,
        ),
        "lists.zip",
    )
    assert [(record.title, record.year, record.position) for record in parsed.records] == [
        ("Calm Schedules", None, 1),
        ("Margins", 2020, 2),
        ("Buffers", 2021, 3),
    ]
    assert not parsed.rejects


def test_what_cannot_be_read_is_named_and_the_rest_kept():
    parsed = read_digest(
        packed(
            {
                "list.bib": BIBTEX,
                "old.bib.gz": gzip.compress(b"@misc{k, title={A}}"),
                "in.zip": packed({"a.csv": CSV}),
                "photo.png": b"\x89PNG\r\n\x1a\n",
                "empty.txt": "",
            }
        ),
        "lists.zip",
    )
    assert [record.title for record in parsed.records] == ["Calm Schedules"]
    assert [reject.reason.partition(". What is read")[0] for reject in parsed.rejects] == [
        "old.bib.gz in lists.zip: an archive inside an archive; unpack it first",
        "in.zip in lists.zip: an archive inside an archive; unpack it first",
        "photo.png in lists.zip: this is a PNG image, which is not read",
        "empty.txt in lists.zip: the file is empty",
    ]


def damaged(change) -> bytes:
    data = bytearray(packed({"list.bib": BIBTEX, "list.csv": CSV}, zipfile.ZIP_STORED))
    change(data)
    return bytes(data)


def encrypt(data: bytearray) -> None:
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1


def scratch(data: bytearray) -> None:
    data[data.index(b"Calm")] = ord("P")  # its checksum says so


def unknown_method(data: bytearray) -> None:
    data[data.index(b"PK\x01\x02") + 10] = 77


@pytest.mark.parametrize(
    ("change", "reason"), [(encrypt, "encrypted"), (scratch, "Bad CRC-32"), (unknown_method, "cannot be unpacked")]
)
def test_a_file_that_cannot_be_unpacked(change, reason):
    parsed = read_digest(damaged(change), "lists.zip")
    assert [record.title for record in parsed.records] == ["Margins"]
    (reject,) = parsed.rejects
    assert reject.reason.startswith("list.bib in lists.zip: ") and reason in reject.reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (packed({}), "holds no file"),
        (packed({f"{number}.csv": CSV for number in range(1001)}), "1,001 files"),
        (packed({"a.txt": b"\0" * (11 << 20)}), "times its size"),
        (packed({"a.csv": CSV})[:-30], "cannot be opened"),
        (packed({"[Content_Types].xml": "", "word/document.xml": ""}), "a Word document"),
        (packed({"mimetype": "application/epub+zip", "a.html": "<p>x"}, zipfile.ZIP_STORED), "an EPUB book"),
    ],
)
def test_what_is_refused(data, reason):
    with pytest.raises(DigestError, match=reason) as caught:
        read_digest(data, "lists.zip")
    assert str(caught.value).startswith("lists.zip: ")


def test_the_sum_of_all_files_counts(monkeypatch):
    monkeypatch.setattr("papers.digests.formats.zip_archive.UNPACKED_LIMIT", 50)
    with pytest.raises(DigestError, match="split the list"):
        read_digest(packed({f"{number}.csv": CSV for number in range(5)}), "lists.zip")
