"""JSON as catalogues and lists of the field serve it."""

import json

import pytest

from papers.digests.reading import read_digest

PAPER = {"title": "Layers That Sort", "authors": [{"name": "Ada Example"}], "year": 2024,
         "externalIds": {"ArXiv": "2403.01234", "DOI": "10.1000/X"}}
DBLP = {"result": {"hits": {"@total": "1", "hit": [{"@score": "1", "info": {
    "authors": {"author": [{"@pid": "1", "text": "Ada Example"}]}, "title": "Layers That Sort.", "year": "2024",
    "doi": "10.1000/X", "ee": "https://doi.org/10.1000/X"}}]}}}
OPENREVIEW = {"notes": [{"id": "abc", "content": {
    "title": {"value": "Layers That Sort"}, "abstract": {"value": "Sorted."}, "authors": {"value": ["Ada Example"]}}}],
    "count": 1}
DATACITE = {"data": [{"id": "10.1000/x", "attributes": {
    "doi": "10.1000/x", "titles": [{"title": "Layers That Sort"}], "creators": [{"name": "Example, Ada"}],
    "publicationYear": 2024, "descriptions": [{"description": "Sorted."}]}}], "meta": {"total": 1}}
CROSSREF = {"status": "ok", "message": {"DOI": "10.1000/X", "title": ["Layers <i>That</i> Sort"],
                                        "URL": "https://doi.org/10.1000/X",
                                        "author": [{"given": "Ada", "family": "Example"}],
                                        "published-online": {"date-parts": [[2024, 3]]}}}
TOPICS = {"Sorting": {"2403.01234": "|**2024-03-02**|**Layers That Sort**|Ada Example et.al.|"
                                    "[2403.01234](http://arxiv.org/abs/2403.01234)|**[link](https://github.com/e/s)**|\n"}}


@pytest.mark.parametrize(("data", "expected"), [
    ({"offset": 0, "data": [{"contexts": ["x"], "citingPaper": PAPER}]},
     {"arxiv_id": "2403.01234", "doi": "10.1000/x"}),
    ({"data": [{"isInfluential": True, "citedPaper": PAPER}]}, {"year": 2024, "authors": ("Ada Example",)}),
    ({"recommendedPapers": [PAPER]}, {"arxiv_id": "2403.01234"}),
    ({"authorId": "1", "name": "Ada Example", "papers": [{"title": "Layers That Sort"}]}, {}),
    (DBLP, {"authors": ("Ada Example",), "doi": "10.1000/x", "year": 2024}),
    (OPENREVIEW, {"authors": ("Ada Example",), "abstract": "Sorted."}),
    (DATACITE, {"authors": ("Ada Example",), "doi": "10.1000/x", "year": 2024, "described": True}),
    (CROSSREF, {"authors": ("Ada Example",), "doi": "10.1000/x", "year": 2024, "published_on": None}),
    (TOPICS, {"arxiv_id": "2403.01234", "authors": ("Ada Example",), "year": 2024,
              "urls": ("http://arxiv.org/abs/2403.01234", "https://github.com/e/s")}),
    ([{"paper_title": "Layers That Sort", "paper_arxiv_id": "2403.01234", "repo_url": "https://github.com/e/s"}],
     {"arxiv_id": "2403.01234", "urls": ("https://github.com/e/s",)}),
    ([{"title": "Layers That Sort", "summary": "Sorted.",
       "code_links": [{"title": "s", "url": "https://github.com/e/s"}]}],
     {"urls": ("https://github.com/e/s",), "abstract": "Sorted."}),
    ([{"title": "Layers That Sort", "display_name": "x", "is_retracted": True, "publication_year": 2024}],
     {"withdrawn": True, "year": 2024}),
    ([{"title": "Layers That Sort", "comments": "Withdrawn by the author; see https://example.org/x"}],
     {"withdrawn": True, "urls": ("https://example.org/x",)}),
])
def test_shapes(data, expected):
    (record,) = read_digest(json.dumps(data).encode(), "answer.json").records
    assert record.title.rstrip(".") == "Layers That Sort"
    assert {field: getattr(record, field) for field in expected} == expected


def test_a_conferences_list_takes_its_year_from_its_name():
    rows = [{"title": "Layers That Sort", "author": "Ada Example;Bo Sample", "status": "Withdraw",
             "homepage": "https://a.b;;", "site": "https://openreview.net/forum?id=x"},
            {"title": "Other", "author": "Cy", "status": "Poster"}]
    first, second = read_digest(json.dumps(rows).encode(), "iclr2024.json").records
    assert (first.year, first.authors, first.withdrawn) == (2024, ("Ada Example", "Bo Sample"), True)
    assert first.urls == ("https://openreview.net/forum?id=x",) and (second.year, second.withdrawn) == (2024, False)
    assert read_digest(json.dumps(rows).encode(), "my papers 2024.json").records[0].year is None
