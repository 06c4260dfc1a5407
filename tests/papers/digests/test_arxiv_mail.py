"""The daily mail of arXiv, saved as text, as a mail, passed on."""

from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest

from papers.digests.reading import read_digest

MAIL = (Path(__file__).with_name("cases") / "A4_arxiv_daily_mailing.txt").read_text()
BODY = MAIL.partition("\n\n")[2]
RULE = "-" * 78


def read(text: str | bytes):
    return read_digest(text.encode() if isinstance(text, str) else text, "mail.txt")


def as_mail(encoding: str) -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "cs daily", "no-reply@example.org", "reader@example.org"
    message.set_content(BODY, cte=encoding)
    return message.as_bytes()


@pytest.mark.parametrize("data", [
    MAIL, BODY, MAIL.replace("\n", "\r\n"), as_mail("7bit"), as_mail("base64"), as_mail("quoted-printable"),
    "Look at these:\n\n" + "".join(f"> {line}\n" for line in BODY.split("\n"))],
    ids=["as text", "its words", "CRLF", "mail", "base64", "quoted-printable", "passed on"])
def test_the_days_papers(data):
    parsed = read(data)
    first, second, third = parsed.records
    assert not parsed.rejects
    assert (first.title, first.arxiv_id, first.authors) == (
        "Calm Schedules for Noisy Gradients: A Title that Is Broken over Two Lines", "2303.99001",
        ("Ada Example", "Bo Núñez"))
    assert first.abstract.startswith("We study step sizes") and first.abstract.endswith("convex case is given.")
    assert first.published_on == date(2023, 3, 2)
    assert (second.arxiv_id, second.doi, second.published_on) == ("2303.99002", "10.5555/example.2", date(2023, 3, 2))
    assert (third.arxiv_id, third.title, third.abstract) == ("2101.99003", "Forgetting Less with a Longer Buffer", "")
    assert (third.year, third.published_on) == (2021, None)


def test_lines_are_those_of_the_file():
    assert [record.line for record in read(MAIL).records] == [17, 32, 46]
    assert MAIL.split("\n")[16] == "arXiv:2303.99001"


def entry(*fields: str, number="arXiv:2303.99001") -> str:
    return "\n".join([RULE, "\\\\", number, *fields, "\\\\", "  We sort.", "\\\\ ( https://arxiv.org/abs/x )", RULE])


@pytest.mark.parametrize(("authors", "names"), [
    ("A. One, B. Two and C. Three", ("A. One", "B. Two", "C. Three")),
    ("A. One (1), B. Two (1 and 2) ((1) Univ. (Paris), (2) Inst.)", ("A. One", "B. Two")),
    ("Example Collaboration: A. One, B. Two", ("Example Collaboration", "A. One", "B. Two")),
    ("J\\\"urgen M\\\"uller,\n  D\\'ej\\`a Vu (Unclosed", ("Jürgen Müller", "Déjà Vu"))])
def test_authors(authors, names):
    assert read(entry("Title: A b", f"Authors: {authors}")).records[0].authors == names


def test_comments_old_numbers_and_withdrawal():
    (record,) = read(entry(
        "From: Ada Example <a@example.org>", "Date: Tue, 9 Sep 2003 10:00:00 GMT   (9kb)", "",
        "Title: Sorting $\\beta$-Layers", "Authors: Ada Example", "Comments: withdrawn by the author",
        "  see https://github.com/example/a", "Subj-class: GT", "Journal-ref: J. Ex. 3 (2003)",
        number="Paper: math.GT/0309136")).records
    assert (record.arxiv_id, record.title, record.published_on) == (
        "math/0309136", "Sorting β-Layers", date(2003, 9, 9))
    assert record.withdrawn and record.urls == ("https://github.com/example/a",)


def test_what_is_not_understood_is_named_with_its_line():
    text = "\n".join([
        entry("Title: A b", "Authors: Ada", "Words of no field"), "\\\\", "arXiv:nonsense", "Title: C d", "\\\\", RULE,
        "Some words between", entry("Authors: Ada", number="arXiv:2303.99002"),
        "Title: An entry without its head", RULE])
    parsed = read(text)
    assert [record.title for record in parsed.records] == ["A b"]
    assert [(reject.line, reject.reason) for reject in parsed.rejects] == [
        (6, "a line in the head of an entry that is no field, not read"),
        (12, "an entry without a readable arXiv number"), (16, "text outside any entry, not read"), (19, "no title"),
        (25, "text outside any entry, not read")]
