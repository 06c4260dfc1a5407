"""What the search box knows of papers: identifiers in all spellings, authors, fields, OR, wildcards, quotes."""

import json
import random
import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from methods.models import Arena, Method, PaperLink
from papers.models import Appearance, Cluster, Digest, Paper, SearchText
from papers.search.facets import facets_of
from papers.search.fields import Field as SearchedField
from papers.search.fusion import search
from papers.search.identifiers import identifiers_in
from papers.search.parsing import parse_query
from papers.search.query import Filters
from papers.search.suggest import suggestions
from papers.search_texts import record_search_texts, search_row
from papers.selectors import paper_list

LORA, ATTENTION, SCORE, PARSER, OLD, COCO = 1, 2, 3, 4, 5, 6
PAPERS = [
    dict(pk=LORA, title="LoRA: low-rank adaptation", abstract="Freezes the weights and trains low-rank updates.",
         arxiv_id="2106.09685", year=2021, authors=["Edward J. Hu", "Yelong Shen", "Phillip Wallis"],
         urls=["https://github.com/microsoft/LoRA", "https://openreview.net/forum?id=nZeVKeeFYf9"]),
    dict(pk=ATTENTION, title="Attention is all you need", abstract="A transformer without recurrence.",
         arxiv_id="1706.03762", year=2017, authors=["Vaswani, Ashish", "Noam Shazeer"], urls=[]),
    dict(pk=SCORE, title="Scoring translations", abstract="A survey of metrics. See Vaswani's transformer.",
         doi="10.18653/v1/p18-1001", year=2018, authors=["Łukasz Kaiser", "José Müller"],
         urls=["https://aclanthology.org/P18-1001/"]),
    dict(pk=PARSER, title="Boosting trees", abstract="A scalable system for gradient trees.",
         doi="10.1145/2939672.2939785", year=2016, authors=["Tianqi Chen", "Hu Wei", "Edward Smith"], urls=[]),
    dict(pk=OLD, title="Ricci flow with surgery", abstract="", arxiv_id="math/0303109", year=None,
         authors=["Grisha Perelman"], urls=[]),
    dict(pk=COCO, title="Objects in context", abstract="Images of everyday scenes; follows arXiv:1706.03762.",
         year=2014, authors=[], urls=["https://arxiv.org/abs/1405.0312", "https://example.org/coco?v=1"]),
]


@pytest.fixture
def papers(db):
    """Six papers with authors and identifiers, two digests, a cluster, a method that implements one of them."""
    rows = [Paper.objects.create(title_key=str(row["pk"]), **row) for row in PAPERS]
    record_search_texts(map(search_row, rows))
    for number, (name, kind) in enumerate((("March mail", "trending"), ("April list", "BibTeX"))):
        digest = Digest.objects.create(sha256=name, name=name, format=kind)
        for row in rows[number::2]:
            Appearance.objects.create(digest=digest, paper=row, position=row.pk)
    cluster = Cluster.objects.create(label="Language, translation", centroid=b"", model_id="x")
    Paper.objects.filter(pk__in=(ATTENTION, SCORE)).update(cluster=cluster)
    arena = Arena.objects.create(slug="low-rank", title="Adapters", question="?", explanation="", metrics=[],
                                 settings=[], scales={}, baseline="lora", source_code="")
    method = Method.objects.create(arena=arena, slug="lora", title="LoRA layers", summary="Low rank.", explanation="",
                                   source_path="", source_code="", code_digest="")
    record_search_texts([("method", "low-rank/lora", "LoRA layers", "Low rank.")])
    PaperLink.objects.create(paper_id=LORA, method=method, kind=PaperLink.IMPLEMENTS, origin=PaperLink.CARD,
                             state=PaperLink.ACCEPTED)
    return rows


def found(typed, **options):
    return [int(hit.key) for hit in search(typed, limit=50, **options).hits if hit.kind == "paper"]


SPELLINGS = {
    LORA: ["2106.09685", "2106.09685v2", "arXiv:2106.09685", "ARXIV:2106.09685V2", "arxiv: 2106.09685",
           "arXiv 2106.09685", "arXiv preprint arXiv:2106.09685 (2021)", "arXiv:2106.09685 [cs.CL]", "“2106.09685”",
           "https://arxiv.org/abs/2106.09685", "http://arxiv.org/pdf/2106.09685v1.pdf", "arxiv.org/abs/2106.09685",
           "HTTPS://ARXIV.ORG/ABS/2106.09685", "https://doi.org/10.48550/arXiv.2106.09685",
           "10.48550/arXiv.2106.09685", "doi:10.48550/arXiv.2106.09685", "https://huggingface.co/papers/2106.09685",
           "https://openreview.net/forum?id=nZeVKeeFYf9", "https://openreview.net/pdf?id=nZeVKeeFYf9",
           "openreview.net/forum?id=nZeVKeeFYf9&noteId=abc", "https://github.com/microsoft/LoRA",
           "github.com/microsoft/lora/", "(arXiv:2106.09685)", "abs/2106.09685"],
    SCORE: ["10.18653/v1/P18-1001", "doi:10.18653/v1/p18-1001", "DOI: 10.18653/V1/P18-1001", "P18-1001",
            "https://doi.org/10.18653/v1/P18-1001", "https://dx.doi.org/10.18653/v1/P18-1001",
            "https://aclanthology.org/P18-1001", "https://aclanthology.org/P18-1001.pdf",
            "https://www.aclweb.org/anthology/P18-1001/"],
    PARSER: ["10.1145/2939672.2939785", "https://dl.acm.org/doi/10.1145/2939672.2939785",
             "https://dl.acm.org/doi/pdf/10.1145/2939672.2939785", "doi.org/10.1145/2939672.2939785.",
             "doi 10.1145/2939672.2939785", "https://doi.org/10.1145%2F2939672.2939785"],
    OLD: ["math/0303109", "math.DG/0303109", "arXiv:math/0303109v1", "https://arxiv.org/abs/math/0303109"],
    COCO: ["1405.0312", "https://example.org/coco?v=1"],
}


@pytest.mark.parametrize(("paper", "typed"), [(pk, typed) for pk, all_of in SPELLINGS.items() for typed in all_of])
def test_an_identifier_in_any_spelling_puts_its_paper_first(papers, paper, typed):
    results = search(typed)
    assert (int(results.hits[0].key), results.hits[0].found_by) == (paper, "identifier")
    assert found(typed)[1:] == []
    assert [row.pk for row in paper_list(q=typed)] == [paper]


def test_the_paper_itself_comes_before_those_that_name_its_identifier(papers):
    assert found("1706.03762") == [ATTENTION, COCO]
    assert found("2106.09685 boosting trees")[0] == LORA and PARSER in found("2106.09685 boosting trees")
    assert "No paper here has the identifier 2001.00001" in " ".join(search("2001.00001").notes)


@pytest.mark.parametrize("typed", ["resnet-50", "GAN: a survey", "10.5", "2106", "12.2019", "p < 0.05", "a/b", "and/or",
                                   "", "v1", "https://", "10.1145", "covid-19 2020", "https://[x/y"])
def test_what_is_no_identifier(typed):
    assert identifiers_in(typed) == ()


@pytest.mark.parametrize(("typed", "expected"), [
    ("author:Hu", {LORA, PARSER}),
    ('author:"Edward Hu"', {LORA}),  # not Edward Smith with Hu Wei
    ('author:"Hu, Edward"', {LORA}),
    ('author:"hu, edward j."', {LORA}),
    ('author:"E. Hu"', {LORA}),
    ("author:(Edward Hu)", {LORA}),
    ("author:edw*", {LORA, PARSER}),
    ('author:"edw* hu"', {LORA}),
    ("author:muller", {SCORE}),
    ("author:Müller", {SCORE}),
    ("author:lukasz", {SCORE}),
    ("author:Ashish", {ATTENTION}),
    ('author:"Ashish Vaswani"', {ATTENTION}),
    ("author:(Hu OR Vaswani)", {LORA, PARSER, ATTENTION}),
    ("author:Hu OR author:Vaswani", {LORA, PARSER, ATTENTION}),
    ("author:Hu OR Vaswani", {LORA, PARSER, ATTENTION}),
    ("author:Hu author:Chen", {PARSER}),
    ("author:Hu -author:Chen", {LORA}),
    ("AUTHOR:hu year:2021", {LORA}),
    ("author:nobody", set()),
    ("title:attention", {ATTENTION}),
    ('title:"all you need"', {ATTENTION}),
    ("title:trans*", {SCORE}),  # the transformers are in abstracts
    ("title:(attention OR boosting)", {ATTENTION, PARSER}),
    ("title:attention OR title:boosting", {ATTENTION, PARSER}),
    ("arxiv:2106.09685 year:2021", {LORA}),
    ("arxiv:(2106.09685 OR 1706.03762)", {LORA, ATTENTION}),
    ("arxiv:2106.*", {LORA}),
    ("arxiv:2*", {LORA}),
    ("arxiv:math/*", {OLD}),
    ("doi:10.1145/*", {PARSER}),
    ("doi:10.1145/2939672.2939785 has:doi", {PARSER}),
    ("year:2016-2018", {ATTENTION, SCORE, PARSER}),
    ("year:201*", {ATTENTION, SCORE, PARSER, COCO}),
    ("year:2016 OR year:2021", {PARSER, LORA}),
    ("year:(2016 OR 2020-)", {PARSER, LORA}),
    ("-year:201*", {LORA, OLD}),
    ("source:bibtex", {ATTENTION, PARSER, COCO}),
    ("source:openreview", {LORA}),
    ("source:acl*", {SCORE}),
    ("source:arxiv.org", {LORA, ATTENTION, OLD, COCO}),
    ("has:code", {LORA}),
    ("-has:code year:2014", {COCO}),
    ("has:doi", {SCORE, PARSER}),
    ("has:arxiv -has:abstract", {OLD}),
    ("digest:march", {LORA, SCORE, OLD}),
    ('digest:"April list"', {ATTENTION, PARSER, COCO}),
    ("digest:a*", {ATTENTION, PARSER, COCO}),
    ("cluster:lang*", {ATTENTION, SCORE}),
    ("-cluster:language year:2010-", {LORA, PARSER, COCO}),
    ("link:implements", {LORA}),
    ("link:impl*", {LORA}),
    ("arena:low-rank", {LORA}),
    ("arena:Adapters", {LORA}),
    ("arena:low*", {LORA}),
    ("-arena:low-rank year:2017-", {ATTENTION, SCORE}),
    ("verdict:none", {LORA, ATTENTION, SCORE, PARSER, OLD, COCO}),
    ("verdict:c*", set()),
])
def test_fields(papers, typed, expected):
    results = search(typed, limit=50)
    assert {int(hit.key) for hit in results.hits if hit.kind == "paper"} == expected
    assert parse_query(typed).problems == ()


@pytest.mark.parametrize(("typed", "expected"), [
    ("boosting OR ricci", {PARSER, OLD}),
    ('"low-rank updates" OR "without recurrence"', {LORA, ATTENTION}),
    ('"gradient trees" OR surgery', {PARSER, OLD}),
    ("survey -metrics", set()),
    ("“without recurrence”", {ATTENTION}),
    ("„without recurrence“", {ATTENTION}),
    ("«without recurrence»", {ATTENTION}),
    ("“recurrence without”", set()),
    ("-„without recurrence“ transformer", {SCORE}),
    ("author:“Edward Hu”", {LORA}),
    ("transf*", {ATTENTION, SCORE}), ("author:Hu -“low-rank updates”", {PARSER}),
    ("year:201* -transformer -images", {PARSER}),
    ("OR", set()), ("OR OR OR", set()), ("ricci OR", {OLD}), ("OR ricci", {OLD}),
])
def test_or_and_quotes(papers, typed, expected):
    assert set(found(typed)) == expected


def test_an_or_group_is_one_of_the_words(papers):
    assert found("gradient (ricci") == found("gradient ricci")
    query = parse_query("trees boosting OR ricci OR attention -flow")
    assert [str(term) for term in query.wanted] == ["trees", "boosting OR ricci OR attention"]
    assert [str(term) for term in query.excluded] == ["flow"]
    assert "OR: joins" in parse_query("trees OR year:2020").problems[0]
    assert "OR: joins" in parse_query("-trees OR boosting").problems[0]


def test_words_find_authors_only_where_they_find_nothing_else(papers):
    assert found("Edward Hu") == found("Hu, Edward") == [LORA]
    assert search("Edward Hu").hits[0].found_by == "author"
    vaswani = search("Vaswani")  # an abstract names him: that is what the words say
    assert [int(hit.key) for hit in vaswani.hits] == [SCORE] and vaswani.by_author == 1
    assert found("Shazeer recurrence")[0] == ATTENTION
    assert found("scalable system")[0] == PARSER and search("scalable system").by_author == 0
    assert [row.pk for row in paper_list(q="Shazeer")] == [ATTENTION]
    assert [row.pk for row in paper_list(q="author:Hu year:2021")] == [LORA]


@pytest.mark.parametrize("typed", ["GAN: a survey", "https://nowhere.example/x?y=1", "std::vector", "C:\\temp",
                                   "Title: a study", "10:30", "(a:b)", "a:-b"])
def test_a_colon_in_words_is_no_unknown_field(papers, typed):
    query = parse_query(typed)
    assert not any("unknown field" in problem for problem in query.problems)
    assert query.wanted and query.text


def test_unknown_fields_and_values_are_named(papers):
    query = parse_query("foo:bar trees")
    assert query.problems == (
        "unknown field foo:; known are kind, title, year, digest, cluster, author, arxiv, doi, source, venue, has, "
        "link, verdict, is, arena, read, tag, list, note",)
    assert found("foo:bar trees") == [PARSER]
    for typed, said in (("arena:nowhere", "arena: is low-rank"), ("verdict:maybe", "verdict: is confirmed"),
                        ("has:fun", "has: is code, arxiv, doi, abstract or withdrawn"),
                        ("arxiv:hello", "arxiv: 'hello' is none"),
                        ("author:", "author: needs a value"), ("author:--", "author: needs a letter"),
                        ("kind:poem", "kind: is paper or method"), ("year:20", "year: '20' is not a year")):
        assert parse_query(typed).problems[0].startswith(said), typed


def test_a_field_in_the_box_takes_the_place_of_the_forms(papers):
    given = Filters(years=(2014, 2014), digest="march")
    assert parse_query("year:2016 OR year:2017", given).filters.years == (None, None)
    assert found("year:(2017 OR 2021) digest:april", filters=given) == [ATTENTION]


def test_hostile_input_is_a_query(papers, client):
    pieces = ["author:", "title:", "arxiv:", "doi:", "year:", "has:", "arena:", "OR", "-", '"', "“", "(", ")", "*", ":",
              "NEAR(", "'", "\\", "%", "{", "}", "^", "\x00", "é", "🙂", "2106.09685", "10.1/x", "http://[", "ids :",
              "0", " ", " ", "&", "|", "!", "<->", "a" * 300, "9" * 30, "٣", "ﬁ", "\ud7ff"]
    rng = random.Random(0)
    for _ in range(150):
        typed = "".join(rng.choice(pieces) for _ in range(rng.randrange(1, 12)))
        search(typed)
        suggestions(typed)
        list(paper_list(q=typed)[:3])
    for typed in (" OR ".join(["author:x"] * 400), "author:(" + " OR ".join(["y"] * 400) + ")", "title:" * 300,
                  "digest:" + "*a" * 200, " ".join(["has:code"] * 300), "author:" + "b " * 300, "(" * 3000):
        for page in (reverse("search"), reverse("search_suggestions"), "/api/search", reverse("paper_list")):
            assert client.get(page, {"q": typed}).status_code < 500, (page, typed[:40])
    for value in ("paper:0", "paper:x", "poem:1", "", ":", "paper:" + "9" * 40, "method:\x00", "paper:77"):
        for side in ("like", "unlike"):
            assert client.get(reverse("similar"), {side: value}).status_code == 200
            assert client.get("/api/similar", {side: value}).status_code in (404, 422)


def test_facets_count_what_was_found(papers, client):
    results = search("year:2010-")
    facets = {facet.name: {value: count for value, _, count in facet.values} for facet in facets_of(results).facets}
    assert facets["kind"] == {"paper": 5}
    assert facets["year"] == {"2021": 1, "2018": 1, "2017": 1, "2016": 1, "2014": 1}
    assert facets["link"] == {"implements": 1, "none": 4} and facets["arena"] == {"low-rank": 1}
    assert facets["verdict"] == {"none": 5}
    both = facets_of(search("lora"))
    assert {value: count for value, _, count in both.facets[0].values} == {"paper": 1, "method": 1}
    html = client.get(reverse("search"), {"q": "year:2010-"}).content.decode()
    address = re.search(r'href="(\?[^"]*arena=low-rank)"', html)[1].replace("&amp;", "&")
    narrowed = client.get(reverse("search") + address).content.decode()
    assert "LoRA: low-rank" in narrowed and "Boosting" not in narrowed and "take away" in narrowed
    assert 'type="hidden" name="arena" value="low-rank"' in narrowed
    answer = client.get("/api/search", {"q": "lora", "facets": "true"}).json()
    assert answer["facets"][0]["values"] == [{"value": "method", "title": "methods", "count": 1},
                                             {"value": "paper", "title": "papers", "count": 1}]


@pytest.mark.parametrize(("typed", "expected"), [
    ("att", "Attention is all you need"), ("all you ne", "Attention is all you need"), ("lora la", "LoRA layers"),
    ("vasw", 'author:"Vaswani, Ashish"'), ("edward h", 'author:"Edward J. Hu"'),
    ("author:mull", 'author:"José Müller"'),
    ("trees author:che", 'trees author:"Tianqi Chen"'), ("adap", "arena:low-rank"), ("arena:lo", "arena:low-rank"),
    ("verdict:conf", "verdict:confirmed"),
])
def test_completion(papers, client, typed, expected):
    assert expected in [suggestion.text for suggestion in suggestions(typed)]
    html = client.get(reverse("search_suggestions"), {"q": typed}).content.decode()
    assert "<html" not in html and html.count("<option") == len(suggestions(typed))


def test_completion_asks_little(papers, client, django_assert_max_num_queries):
    assert suggestions("a") == [] and suggestions(" ") == []
    with django_assert_max_num_queries(5):
        suggestions("lo")
    html = client.get(reverse("search")).content.decode()
    assert 'list="suggestions"' in html and '<datalist id="suggestions"' in html and "How to search" in html


def test_names_follow_the_paper_without_a_new_embedding(papers):
    SearchText.objects.update(embedded_by="some model")
    paper = Paper.objects.get(pk=LORA)
    paper.authors, paper.doi = ["Ada Lovelace"], "10.5555/1234"
    paper.save()
    assert record_search_texts([search_row(paper)]) == 0
    assert found("author:lovelace") == found("10.5555/1234") == [LORA] and LORA not in found("author:Hu")
    assert SearchText.objects.get(paper=LORA).embedded_by == "some model"
    paper.delete()
    assert found("author:lovelace") == []


@pytest.mark.django_db(transaction=True)
def test_migration_fills_the_names():
    paper = Paper.objects.create(title_key="1", **PAPERS[0])
    record_search_texts([search_row(paper)])
    before = SearchText.objects.values_list("authors", "ids").get()
    call_command("migrate", "papers", "0012", verbosity=0)
    call_command("migrate", "papers", verbosity=0)
    assert SearchText.objects.values_list("authors", "ids").get() == before
    assert found("author:hu") == found("rank") == [LORA]


def test_the_api_says_who_wrote_it(papers, client):
    hit = client.get("/api/search", {"q": "arXiv:1706.03762"}).json()["hits"][0]
    assert hit["authors"] == ["Vaswani, Ashish", "Noam Shazeer"] and hit["found_by"] == "identifier"
    assert json.dumps(hit)


def test_papers_by_venue(db):
    for number, venue in enumerate(("Advances in Neural Information Processing Systems 34", "NeurIPS 2021", "Nature",
                                    "Proceedings of NAACL", "Annual Meeting of the Association for Computational "
                                    "Linguistics", "")):
        Paper.objects.create(title=f"Paper {number}", title_key=f"paper {number}", venue=venue)

    def found(value):
        return set(Paper.objects.filter(SearchedField("venue", (value,)).condition()).values_list("title", flat=True))

    assert found("NeurIPS") == {"Paper 0", "Paper 1"} and found("Neural Information") == {"Paper 0"}
    assert found("acl") == {"Paper 4"} and found("NAACL") == {"Paper 3"} and found("nat*") == {"Paper 2"}
