"""Inputs of the kinds that people have, of exporters and services beside those of the cases: venues, names, days."""

import json
from datetime import date

import pytest

from papers.digests.dates import written_day
from papers.digests.latex import latex_to_text
from papers.digests.reading import read_digest
from papers.digests.records import DigestError, Reported, normal_doi
from papers.digests.venues import clean_venue, short_venue

LONG = "We study step sizes that calm down. Our bound is tight, and it holds for every convex function at all. " * 3


def only(text, name="list.x"):
    data = text if isinstance(text, bytes) else text.encode() if isinstance(text, str) else json.dumps(text).encode()
    (record,) = read_digest(data, name).records
    return record


RIS = "TY  - CONF\nTI  - Calm\nAU  - Example, Ada\nT2  - 2023 IEEE Conference on Computer Vision (ICCV)\n"\
    "Y1  - 2023\nER  -\n"
MEDLINE = "PMID- 31452104\nTI  - Calm.\nJT  - Journal of calm\nTA  - J Calm\nDP  - 2025\n"
MODS = ('<mods xmlns="http://www.loc.gov/mods/v3"><titleInfo><title>Calm</title></titleInfo><relatedItem type="host">'
        '<titleInfo><title>Journal of Calm</title></titleInfo></relatedItem></mods>')
ATOM = ('<feed xmlns="http://www.w3.org/2005/Atom" xmlns:a="http://arxiv.org/schemas/atom"><entry><id>http://arxiv.org/'
        'abs/2509.99001v1</id><title>Calm</title><summary>x</summary><a:journal_ref>J. Calm 3 (2025)</a:journal_ref>'
        '</entry></feed>')
OAI = ('<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords><record><header><identifier>oai:arXiv.org:'
       '2509.99001</identifier></header><metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2509.99001</id><title>'
       'Calm</title><journal-ref>J. Calm 3</journal-ref></arXiv></metadata></record></ListRecords></OAI-PMH>')
META = ('<html><head><meta name="citation_title" content="Calm"><meta name="citation_conference_title" content="CVPR">'
        '</head><body></body></html>')


@pytest.mark.parametrize(("text", "venue"), [
    ("@inproceedings{a, title={Calm}, booktitle={Proc.\\ of {ICML}}, year=2020}", "Proc. of ICML"),
    ("@article{a, title={Calm}, journal={arXiv preprint arXiv:1707.99052}}", ""),
    ("@article{a, title={Calm}, journal={CoRR}, volume={abs/1803.99271}}", ""),
    ("@phdthesis{a, title={Calm}, school={University of Calm}}", "University of Calm"),
    (RIS, "2023 IEEE Conference on Computer Vision (ICCV)"), (MEDLINE, "Journal of calm"),
    (MODS, "Journal of Calm"),
    (ATOM, "J. Calm 3 (2025)"), (OAI, "J. Calm 3"), (META, "CVPR"),
    ("PT J\nAU Example, A\nTI Calm\nSO JOURNAL OF CALM\nPY 2025\nER\n", "JOURNAL OF CALM"),
    ("%0 Journal Article\n%T Calm\n%J Journal of Calm\n%D 2025\n", "Journal of Calm"),
    ("RT Journal Article\nA1 Example,Ada\nT1 Calm\nJF Journal of Calm\nYR 2025\n", "Journal of Calm"),
    ("Title,Source title,Year\nCalm,Journal of Calm,2025\n", "Journal of Calm"),
    ("- [Calm Steps Again](https://arxiv.org/abs/2509.99001), Ada Example, *NeurIPS 2025*\n", "NeurIPS 2025"),
    ([{"title": "Calm", "container-title": ["Journal of Calm"]}], "Journal of Calm"),
    ([{"title": "Calm", "venue": "", "journal": {"name": "J. Calm"}}], "J. Calm"),
    ([{"title": "Calm", "primary_location": {"source": {"display_name": "arXiv (Cornell University)"}},
       "locations": [{"source": {"display_name": "Journal of Calm"}}]}], "Journal of Calm"),
    ([{"title": "Calm", "proceeding": "ICLR 2018 1"}], "ICLR 2018 1")])
def test_venues_are_read_from_every_format_that_has_them(text, venue):
    assert only(text).venue == venue


def test_a_conferences_list_names_its_venue():
    assert only([{"title": "Calm"}], "iclr2024.json").venue == "ICLR 2024"
    assert only([{"title": "Calm"}], "papers2024.json").venue == ""


@pytest.mark.parametrize(("name", "clean", "short"), [
    ("Advances in Neural Information Processing Systems 34", None, "NeurIPS"), ("ArXiv", "", ""), ("2020", "", ""),
    ("Proceedings of the 2019 Conference of the North American Chapter of the Association for Computational "
     "Linguistics", None, "NAACL 2019"), ("Nature &amp; Science", "Nature & Science", "Nature & Science"),
    ("arXiv:2301.00001 [cs.LG]", "", ""), ("https://example.org", "", ""), (":" * 200, "", ""),
    ("2001.2001." * 40 + "x y", None, None)])
def test_names_of_venues(name, clean, short):
    assert clean is None or clean_venue(name) == clean
    assert short is None or short_venue(clean_venue(name)) == short
    assert len(clean_venue(name)) <= 300


def test_results_tables_deliver_their_numbers():
    def row(title, model, **metrics):
        return {"model_name": model, "paper_title": title, "paper_url": "https://arxiv.org/abs/2509.99001",
                "metrics": metrics}

    tables = [{"datasets": [{"dataset": "Rows", "sota": {"metrics": ["Top-1"], "rows": [
        row("Calm Schedules", "CalmNet", **{"Top-1": "90.1%", "Params": None})]}}], "task": "Sorting", "subtasks": [
            {"task": "Few-shot sorting", "datasets": [{"dataset": "Tiny", "sota": {"rows": [
                row("Margins", "M", Accuracy=0.5)]}}], "subtasks": []}]}, {"task": "none yet", "datasets": []}]
    parsed = read_digest(json.dumps(tables, indent=1).encode(), "evaluation-tables.json")
    assert [record.reported for record in parsed.records] == [
        (Reported("Sorting", "Rows", "Top-1", "90.1%", "CalmNet"),),
        (Reported("Few-shot sorting", "Tiny", "Accuracy", "0.5", "M"),)]


@pytest.mark.parametrize(("data", "expected"), [
    ({"resultList": {"result": [{"pmid": "31452104", "title": "Calm.", "authorString": "Example AB, Sample C.",
                                 "firstPublicationDate": "2025-09-18", "abstractText": "<h4>Why</h4>We study."}]}},
     {"title": "Calm", "authors": ("AB Example", "C Sample"), "abstract": "Why We study.",
      "published_on": date(2025, 9, 18)}),
    ({"hits": {"hits": [{"metadata": {"titles": [{"title": "Calm"}], "abstracts": [{"value": "We study"}], "authors": [
        {"full_name": "Example, Ada"}], "arxiv_eprints": [{"value": "2509.99001"}], "dois": [{"value": "10.5555/e.1"}],
        "publication_info": [{"journal_title": "J.Calm"}]}}]}},
     {"authors": ("Ada Example",), "arxiv_id": "2509.99001", "doi": "10.5555/e.1", "venue": "J.Calm"}),
    ({"items": [{"title": "Calm", "creators": [{"firstName": "Ada", "lastName": "Example"}],
                 "abstractNote": "We study", "publicationTitle": "J. Calm"}]},
     {"authors": ("Ada Example",), "abstract": "We study", "venue": "J. Calm"}),
    ({"version": "https://jsonfeed.org/version/1.1", "items": [{"url": "https://arxiv.org/abs/2509.99001",
      "title": "Calm", "content_html": "<p>We <b>study</b>.</p>", "date_published": "2025-09-18T00:00:00Z"}]},
     {"abstract": "We study.", "described": True, "published_on": date(2025, 9, 18)}),
    ({"result": {"hits": {"hit": [{"info": {"authors": {"author": {"text": "Ada Example 0001"}}, "title": "Calm.",
                                            "venue": "ICLR"}}]}}},
     {"title": "Calm", "authors": ("Ada Example",), "venue": "ICLR"}),
    ([{"title": "Calm", "issued": {"raw": "2025-09-18"}}], {"published_on": date(2025, 9, 18)}),
    ({"x": {"2606.99002": "- 2026-06-25, **Calm**, Bo Sample et.al., Paper: [u](http://arxiv.org/abs/2606.99002)"}},
     {"title": "Calm", "authors": ("Bo Sample",), "published_on": date(2026, 6, 25)}),
    ([{"name": "Calm", "paper": None, "source_url": "http://arxiv.org/abs/2509.99001v5", "source_title": "Calm",
       "description": "x"}], {"arxiv_id": "2509.99001", "described": True})])
def test_json_of_more_catalogues(data, expected):
    record = only(data)
    assert {field: getattr(record, field) for field in expected} == expected


def test_an_answer_with_an_error_says_what_it_says():
    with pytest.raises(DigestError, match="an answer that says “Too many requests”"):
        read_digest(b'{"error": "Too many requests"}', "answer.json")


def test_a_record_that_is_not_closed_does_not_take_the_next_along():
    parsed = read_digest(b'{"title":"One"}\n{"title":"Two"\n{"title":"Three"}\n', "list.jsonl")
    assert [record.title for record in parsed.records] == ["One", "Three"] and parsed.rejects[0].line == 2


def test_bibtex_of_biblatex_and_with_volumes():
    text = ("@inproceedings{b, title={A Thing}, crossref={conf1}, author={family=Oord, given=Aaron, prefix=van den}}\n"
            "@proceedings{conf1, title={Proc. of Calm}, year=2024}\n")
    parsed = read_digest(text.encode(), "a.bib")
    (record,) = parsed.records
    assert (record.venue, record.year, record.authors) == ("Proc. of Calm", 2024, ("Aaron van den Oord",))
    assert any("conf1 is no paper" in note for note in parsed.notes)


@pytest.mark.parametrize("text", [
    f"Calm Schedules\n{LONG[:-2]}, as was noted in\nhttps://arxiv.org/abs/1706.03762\nby others. {LONG}\nLoud\n{LONG}",
    "<html><body>" + "".join(
        f"<h2>{title} Schedules</h2><p>We study schedules, as in {link}, for step sizes. {LONG}</p>"
        for title, link in (
            ("Calm", "this <a href='https://arxiv.org/abs/1706.03762'>paper</a>"),
            ("Loud", "<a href='https://arxiv.org/abs/1706.03763'>this paper</a>"))) + "</body></html>"])
def test_a_paper_mentioned_in_an_abstract_is_another(text):
    first, second = read_digest(text.encode(), "text").records
    assert first.arxiv_id is None and "https://arxiv.org/abs/1706.03762" in first.urls
    assert second.title.startswith("Loud") and second.arxiv_id is None


def test_an_address_behind_an_abstract_is_the_papers_own():
    text = f"Calm Schedules\n{LONG}\nhttps://arxiv.org/abs/2509.99001\nLoud Margins\n{LONG}\n"
    assert [record.arxiv_id for record in read_digest(text.encode(), "text").records] == ["2509.99001", None]


def test_a_newsletters_own_links_and_headings():
    html = (f"<html><body><h2><a href='https://arxiv.org/abs/2509.99001'>Calm Schedules Again</a></h2><p>{LONG}</p>"
            "<p><a href='https://x.org/unsub'>Unsubscribe</a></p><h2>A Heading Without Any Link</h2><p>x</p>"
            "</body></html>")
    parsed = read_digest(html.encode(), "page.html")
    assert [record.urls for record in parsed.records] == [()]
    assert any("heading like those of papers" in reject.reason for reject in parsed.rejects)


def test_an_item_whose_link_is_broken_is_told():
    text = "- [Calm Schedules of Steps](https://arxiv.org/abs/2509.99001)\n- [Margins That Know Their Class](hps://x.org)\n"
    parsed = read_digest(text.encode(), "list.md")
    assert len(parsed.records) == 1 and "an item among papers" in parsed.rejects[0].reason


def test_dois_keep_the_bracket_that_they_close():
    assert normal_doi("(10.1016/S0140-6736(05)66543-X(A))") == "10.1016/s0140-6736(05)66543-x(a)"
    assert normal_doi("see 10.5555/(x)).") == "10.5555/(x)" and normal_doi("10.5555/x).") == "10.5555/x"
    assert normal_doi("https://doi.org/10.5555%2Fabc") == "10.5555/abc"
    old = "10.1002/1521(1999)216:1<135::aid-p>3.0.co;2-#"
    assert normal_doi(old.upper()) == old


@pytest.mark.parametrize(("text", "year", "day"), [
    ("18 September 2025", "", date(2025, 9, 18)), ("Sept. 18, 2025", "", date(2025, 9, 18)),
    ("2025年9月18日", "", date(2025, 9, 18)), ("2025.9.18", "", date(2025, 9, 18)), ("17-24 June 2023", "", None),
    ("June 17-24, 2023", "", None), ("SEP 18", "", None), ("SEP 18", "2025", date(2025, 9, 18)),
    ("18 Sep 2024", "2025", None), ("marginal 5 in 2019", "", None), ("2025-13-40", "", None)])
def test_days_as_they_are_written(text, year, day):
    assert written_day(text, year) == day


@pytest.mark.parametrize(("latex", "text"), [
    (r"Ng\^{o} B\h{a}o", "Ngô Bảo"), (r"Bra\textcommabelow{s}ov", "Brașov"), ("`single'", "‘single’"), (r"$>$5", ">5"),
    (r"{\flqq}a{\frqq}", "«a»"), (r"?`Qu\'e?", "¿Qué?"), (r"{\normalfont A}", "A"), (r"$\binom{n}{k}$", "C(n,k)"),
    (r"{\pounds}5", "£5"), (r"t$^{\prime}$", "t^′"), ("$5 > $4", "$5 > $4"), ("it's `x", "it's `x")])
def test_more_latex(latex, text):
    assert latex_to_text(latex) == text
