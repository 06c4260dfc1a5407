"""Exact words: any text is a valid query, the index follows the rows, both databases answer alike."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from papers.models import Paper, SearchText
from papers.search import narrowing, weighing
from papers.search.fields import parse_years
from papers.search.lexical import ids_having, search_words
from papers.search.narrowing import Narrowing
from papers.search.parsing import parse_query
from papers.search.passages import passages
from papers.search.query import Filters, Term
from papers.services import record_search_texts
from tests.papers.search import word_scenario as scenario
from tests.papers.search.stored_texts import search_texts

BOTH = ["paper", "method"]


@pytest.fixture
def texts(db):
    scenario.store()
    return {row.key: row for row in SearchText.objects.all()}


def keys(typed, kinds=BOTH, **scope):
    names = dict(SearchText.objects.values_list("pk", "key"))
    return [names[hit.text_id] for hit in search_words(parse_query(typed), 50, kinds=kinds, **scope)]


EXPECTED = {
    '"label smoothing"': {"1", "arena/label-smoothing"},
    "model": {"1", "2", "5"},
    "models": {"1", "2", "5"},
    "fine-tuning": {"1", "5"},
    '"fine tuning"': {"1"},
    "finetuning": {"5"},
    "resnet-50": {"3"},
    "regular*": {"1", "3", "4"},
    "regulari*": {"1", "3"},
    "regularisation": {"1"},
    '"regularisation"': set(),
    "regulariz*": {"1", "3"},
    "regularizer": {"3"},
    'label -"label noise"': {"1", "5", "arena/label-smoothing"},
    "-survey": set(),
    "100%": {"4"},
    "größe": {"6"},
    "🙂": set(),
    '""': set(),
    "classifier": {"6"},
}


@pytest.mark.parametrize("typed", EXPECTED)
def test_finds_what_is_asked(texts, typed):
    assert set(keys(typed)) == EXPECTED[typed]


def test_no_text_is_a_syntax_error(texts):
    for typed in scenario.QUERIES:
        query = parse_query(typed)
        hits = search_words(query, 50, kinds=BOTH)
        passages(query, SearchText.objects.filter(pk__in=[hit.text_id for hit in hits]))


def test_all_words_come_before_some_and_titles_before_bodies(texts):
    found = keys("label smoothing")
    assert set(found[:3]) == {"1", "2", "arena/label-smoothing"} and "5" in found[3:]
    search_texts(*scenario.TITLE_AGAINST_BODY)
    assert keys("okapi") == ["11", "10"] and keys("grass") == ["10", "11"]


def test_the_index_follows_inserts_updates_and_deletes(texts):
    record_search_texts([("paper", "2", "Zebras", "Stripes in the grass")])
    assert keys("zebra") == ["2"]
    assert "2" not in keys("survey")
    texts["1"].delete()
    assert keys('"language models"') == []
    SearchText.objects.bulk_create([SearchText(kind="paper", key="7", title="Okapis", body="", text_hash="x")])
    assert keys("okapi") == ["7"]


def test_restricts_kinds_and_papers(texts):
    assert keys("label", kinds=["method"]) == ["arena/label-smoothing"]
    assert keys("label", kinds=[]) == []
    found = keys("models", texts=Narrowing(Paper.objects.filter(pk__in=[2, 3])))
    assert found == ["2"]
    assert keys("models", texts=Narrowing(Paper.objects.filter(pk__in=[]))) == []


def test_matches_are_marked_and_everything_else_escaped(texts):
    search_texts(("paper", "9", "<b>Tags</b> & labels", 'An <img src=x onerror="alert(1)"> label.'))
    row = SearchText.objects.get(key="9")
    title, passage = passages(parse_query("label"), [row])[row.pk]
    assert title == "&lt;b&gt;Tags&lt;/b&gt; &amp; <mark>labels</mark>"
    assert "<mark>label</mark>" in passage and "<img" not in passage


def test_the_passage_is_the_part_that_says_most(texts):
    filler = "Nothing of it stands here. " * 20
    best = "We smooth the noise of naïve labels-to-be."
    search_texts(("paper", "9", "Plain", f"{filler}A label. {filler}{best} {filler}"))
    row = SearchText.objects.get(key="9")

    def passage(typed: str) -> str:
        return passages(parse_query(typed), [row])[row.pk][1]

    assert passage("label noise").startswith("…") and passage("label noise").endswith("…")
    assert "We smooth the <mark>noise</mark> of naïve <mark>labels</mark>-to-be." in passage("label noise")
    assert "<mark>naïve</mark>" in passage("naive") and "<mark>naïve labels</mark>-to" in passage('"naive labels"')
    assert "<mark>smooth</mark>" in passage("smoo*") and len(passage("smoo*").split()) <= 40
    assert passages(parse_query("title:label"), [row]) == {}


def test_ids_having(texts):
    both = (Term(("label",)), Term(("survey",)))
    assert ids_having(both, all_of_them=True) == {texts["2"].pk}
    assert ids_having(both, all_of_them=False) >= {texts["1"].pk, texts["2"].pk}
    assert ids_having((), all_of_them=True) == set()


def test_fields_are_taken_out_of_the_box():
    query = parse_query('forgetting year:2020-2022 digest:"march mail" LINK:implements kind:papers foo:bar')
    assert query.filters == Filters(kinds=("paper",), digest="march mail", years=(2020, 2022), link="implements")
    assert [str(term) for term in query.wanted] == ["forgetting", "foo bar"]
    assert query.text == "forgetting foo:bar"
    assert len(query.problems) == 1 and query.problems[0].startswith("unknown field foo:; known are kind, title, year")
    wrong = parse_query("year:soon link:maybe kind:poem cluster:")
    assert wrong.filters == Filters() and len(wrong.problems) == 4


@pytest.mark.parametrize(("typed", "years"), [
    ("2023", (2023, 2023)), ("2020-2022", (2020, 2022)), ("2022-2020", (2020, 2022)), ("2020-", (2020, None)),
    ("-2020", (None, 2020)), ("2020..2021", (2020, 2021))])
def test_years(typed, years):
    assert parse_years(typed) == years


@pytest.mark.parametrize("typed", ["", "-", "20", "next", "2020-21", "20202021"])
def test_no_years(typed):
    with pytest.raises(ValueError, match="is not a year"):
        parse_years(typed)


@pytest.mark.django_db(transaction=True)
def test_migration_goes_back_and_forth():
    scenario.store()
    call_command("migrate", "papers", "0002", verbosity=0)
    call_command("migrate", "papers", verbosity=0)
    assert set(keys("model")) == {"1", "2", "5"}


def test_postgresql_answers_alike(texts, tmp_path):
    from tests.services import postgres
    here = scenario.answers()
    with postgres() as url:
        done = subprocess.run(
            [sys.executable, scenario.__file__], capture_output=True, text=True, timeout=120,
            cwd=Path(scenario.__file__).resolve().parents[3],
            env={**os.environ, "DATABASE_URL": url, "DATA_DIR": str(tmp_path / "pg"), "PYTHONPATH": ".",
                 "DJANGO_SETTINGS_MODULE": "config.settings"})
    assert done.returncode == 0, done.stderr
    there = json.loads(done.stdout.splitlines()[-1])
    different = {typed: (here[typed], there["answers"][typed]) for typed in here
                 if here[typed] != there["answers"][typed]}
    assert different == {}
    texts["1"].delete()
    search_texts(*scenario.TITLE_AGAINST_BODY)
    SearchText.objects.filter(key="2").update(title="Zebras", body="stripes & <tags>")
    scenario.store_names()
    names = scenario.name_answers()
    assert {typed: (found, there["names"][typed]) for typed, found in names.items() if found != there["names"][typed]} \
        == {}
    assert names["author:hu"] == ["1", "2"] and names['author:"edward hu"'] == names["2106.09685"] == ["1"]
    assert there["followed"] and there["gone"] and there["titles_first"]
    assert "<mark>label</mark> <mark>noise</mark>" in there["marked"][1]


def test_of_very_many_texts_only_the_promising_are_weighed(db, monkeypatch):
    """Of texts with some of the words those with a rarer one; of a frequent word's those with it in the title."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL weighs all")
    search_texts(*(("paper", str(number), "plain report" if number else "data report", "data of some type")
                   for number in range(40)), ("paper", "50", "tensors", "the type of a tensor"))
    monkeypatch.setattr(weighing, "MOST", 10)

    assert keys("data") == ["0"]
    assert keys("tensor report") == ["50"]  # none has both: the rarer word decides
    assert keys("zebra tensor data") == ["50"]
    assert len(keys("report")) == 40  # nothing chooses among them
    few = Narrowing(Paper.objects.filter(pk__in=[3, 4]))
    assert keys("data", texts=few) == ["3", "4"]  # a filter's own texts are all weighed
    monkeypatch.setattr(narrowing, "FEW", 1)
    assert set(keys("data", texts=Narrowing(Paper.objects.filter(pk__gt=5)))) == {
        str(number) for number in range(6, 40)}
