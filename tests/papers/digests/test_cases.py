"""Small files of the shape that sites and programs really write, each with what a reader must get from it."""

from datetime import date
from pathlib import Path

import pytest

from papers.digests.latex import latex_to_text
from papers.digests.reading import read_digest
from papers.digests.records import DigestError

CASES = Path(__file__).with_name("cases")


def read(name: str):
    (path,) = CASES.glob(f"{name}_*")
    return read_digest(path.read_bytes(), path.name)


def values(name: str, *fields: str):
    return [tuple(getattr(record, field) for field in fields) for record in read(name).records]


def test_bibtex_accents_and_signs():
    assert values("B1", "title", "authors") == [
        ("Nuñez and García on odpowiedzialność: a Benoît bound",
         ("María García", "João Nuñez", "Augustyn Bańka", "Loïc D'Exemple")),
        ("Sorting in O(n log n) with ℓ_1 norms, n × n tables and x → ∞ ‘fast’", ("Ada Example",))]


def test_a_title_in_latex_and_in_unicode_is_one():
    keys = [record.title_key for record in read("B2").records]
    assert len(keys) == 4 and len(set(keys)) == 2


def test_bibtex_of_scholar_dblp_openreview_acl_and_mendeley():
    records = read("B4").records
    assert [record.arxiv_id for record in records] == [
        "1707.99052", "1803.99271", "2305.99798", None, None, "1906.99999"]
    assert records[3].title == "MG-TSD: An OpenReview Export with Its Key on the Next Line"
    assert records[4].abstract == "We study % signs and α." and records[4].authors == ("Ada Example", "Bo Sample")
    assert records[5].abstract == "Underscores _ and < signs…" and records[5].authors[1] == "Dominique Thiéry"
    assert records[5].urls == ("http://arxiv.org/abs/1906.99999", "https://doi.org/10.5555/s00521-020-9")


def test_an_error_of_arxiv_is_no_paper():
    with pytest.raises(DigestError, match="incorrect id format for abc"):
        read("C1")


def test_arxivs_atom_feed():
    assert values("C2", "authors", "doi", "year", "published_on", "abstract") == [
        (("Ada Example", "Bo Sample", "Cy Placeholder"), "10.5555/example.9", 2024, None,
         "We bound the number of passages that a careful reader has to open.")]
    assert values("C6", "year", "published_on") == [(2024, date(2024, 1, 18))]


def test_withdrawn_is_seen():
    assert values("C4", "withdrawn") == [(True,)]
    assert not any(record.withdrawn for record in read("C5").records)


def test_versions_and_subject_classes_are_one_identifier():
    assert {record.arxiv_id for record in read("C5").records} == {"1707.99567", "math/0309136"}


def test_records_that_share_an_identifier_are_all_handed_on():
    assert [title for title, in values("D1", "title")] == [
        "Calm Schedules for Noisy Gradients", "A Survey of Tropical Birds"]
    assert values("D3", "arxiv_id", "doi") == [("1707.99052", None), (None, "10.18653/v1/d17-9999"),
                                               ("1707.99052", None), ("1707.99052", None)]


CALM = "Calm Schedules for Noisy Gradients"


@pytest.mark.parametrize(("name", "expected"), [
    ("E1", {"title": CALM, "abstract": "We study step sizes with p < 2.", "published_on": date(2025, 9, 18),
            "authors": ("Ada Example", "The Example Team"), "doi": "10.5555/example.1"}),
    ("E3", {"authors": ("Ada Example", "The Example Team"), "published_on": date(2025, 9, 18),
            "arxiv_id": "2509.99001"}),
    ("E4", {"authors": ("Ada Example", "Bo Sample"), "abstract": "We study step sizes.", "arxiv_id": "2509.99001"}),
    ("E5", {"title": CALM, "arxiv_id": "2509.99001", "year": 2025}),
    ("E9", {"title": "Why Schedules Calm Down", "arxiv_id": "2509.99664", "authors": ("Ada Example", "Bo Sample"),
            "urls": ("https://github.com/example/calm",)}),
    ("E10", {"title": CALM, "abstract": "We study step sizes.", "arxiv_id": "2509.99001"}),
    ("E11", {"title": CALM, "arxiv_id": "2509.99001", "published_on": date(2025, 9, 18)}),
])
def test_json_of_catalogues(name, expected):
    (record,) = read(name).records
    assert {field: getattr(record, field) for field in expected} == expected


def test_a_newsletter_in_html():
    parsed = read("F1")
    assert [(record.title, record.arxiv_id) for record in parsed.records] == [
        (CALM, "2509.99001"), ("Margins That Know Their Class", "2303.99002")]
    assert parsed.records[0].urls == ("https://x.com/example/status/1",)
    assert [reject.excerpt[:7] for reject in parsed.rejects] == ["Welcome", "You rec"]


def test_latex_to_text():
    rows = [line.split("\t") for line in (CASES / "latex.tsv").read_text().splitlines() if not line.startswith("# ")]
    read_as = [(latex, latex_to_text(latex), right) for latex, right in rows]
    wrong = [row for row in read_as if row[1] not in row[2].split("|")]
    assert len(rows) > 80 and not wrong


@pytest.mark.parametrize(("latex", "text"), [
    ("50% faster, AT&T, $100 vs $200", "50% faster, AT&T, $100 vs $200"), (r"\method: a new", "method: a new"),
    (r"\href{https://example.org}{words} and \url{x}", "words and x"), (r"\mbox{a}\euro\textbar", "a€|"),
    (r"$$x$$ \verb|a b|", "x a b"), (r"\unknown{kept \emph{too}}", "kept too"), (r"\frac{a+b}{2}", "(a+b)/2"),
    (r"\'", "'"), (r"\~{}", "~"), (r"$\hat{\theta}$", "θ̂"), (r"{\'", "'"), ("}{", ""), (r"D{\'e}j\`a~vu", "Déjà vu")])
def test_what_is_no_latex_or_unknown_keeps_its_text(latex, text):
    assert latex_to_text(latex) == text
