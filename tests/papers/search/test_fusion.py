"""Words and meaning together: ranks, scores, percentiles, reasons, filters, and what is said when a part is missing."""

import numpy as np
import pytest

from papers.models import Appearance, Cluster, Digest, Paper, SearchText
from papers.search import index as index_module
from papers.search.fusion import RANK_CONSTANT, Examples, search, similar, similar_to
from papers.search.query import Filters
from papers.search.refresh import embed_texts
from tests.papers.search.stored_texts import forget, search_texts


@pytest.fixture
def shelf(topics, monkeypatch):
    """The five topics as real papers of two digests, embedded."""
    monkeypatch.setattr(index_module, "CHECK_SECONDS", 0.0)
    digests = [Digest.objects.create(sha256=month, name=f"{month} mail", format="trending")
               for month in ("march", "april")]
    for row in topics.values():
        if row.kind == "paper":
            number = int(row.key)
            Paper.objects.filter(pk=number).update(year=2018 + number)
            Appearance.objects.create(digest=digests[number % 2], paper_id=number, position=number)
    embed_texts()
    return topics


def titles(results):
    return [hit.title for hit in results.hits]


def test_fuses_both_rankings_by_reciprocal_rank(shelf):
    results = search("rehearse stored examples against forgetting")
    assert results.meaning and results.notes == ()
    assert set(titles(results)[:2]) == {shelf["forgetting"].title, shelf["replay"].title}
    for hit in results.hits:
        expected = sum(1 / (RANK_CONSTANT + rank) for rank in (hit.word_rank, hit.meaning_rank) if rank)
        assert hit.score == pytest.approx(expected)
        assert hit.cosine is None or -1 <= hit.cosine <= 1
    scores = [hit.score for hit in results.hits]
    assert scores == sorted(scores, reverse=True)
    best = results.hits[0]
    assert best.word_rank and best.meaning_rank and best.percentile > 50


def test_a_typed_title_comes_first(shelf):
    search_texts(("paper", "60", "Rain images", "Radar."),
                 ("paper", "61", "Forecasting rain", "Forecasting rain from images of rain by radar."))
    embed_texts()
    assert search("Rain images:").hits[0].key == "60"


def test_finds_by_meaning_what_shares_no_word(shelf):
    results = search("will it be wet tomorrow")
    assert titles(results)[0] == shelf["weather"].title
    assert results.hits[0].word_rank is None and results.hits[0].meaning_rank == 1


def test_a_hit_by_words_alone_still_shows_its_cosine(shelf, monkeypatch):
    monkeypatch.setattr("papers.search.fusion.LEAST_PERCENTILE", 100.0)
    search_texts(("paper", "77", "Cups", "Porcelain cups stood on the shelf for hours."))
    embed_texts()
    hit = next(hit for hit in search("rain in the coming hours").hits if hit.key == "77")
    assert hit.word_rank and hit.meaning_rank is None and hit.cosine < 0.3


def test_the_reason_names_shared_terms(shelf):
    results = search("moments of the gradient and the step size")
    hit = next(hit for hit in results.hits if hit.key == "optimizers/adam")
    assert "gradient" in " ".join(hit.reason)


def test_required_and_excluded_words_bind_meaning_too(shelf):
    assert titles(search('"violin" microphone recording')) == []  # the quoted word is in no text
    assert titles(search('"microphone array" voice')) == [shelf["speech"].title]
    with_rain = titles(search("rain forecast"))
    without = titles(search("rain forecast -radar"))
    assert shelf["weather"].title in with_rain and shelf["weather"].title not in without


@pytest.mark.parametrize(("filters", "expected"), [
    (Filters(kinds=("method",)), {"replay", "adam"}),
    (Filters(years=(2020, 2021)), {"optimizer", "protein"}),
    (Filters(years=(None, 2019)), {"forgetting"}),
    (Filters(digest="march"), {"optimizer", "speech"}),
    (Filters(cluster="sequences"), {"protein"}),
    (Filters(link="none"), {"forgetting", "optimizer", "protein", "speech", "weather"}),
    (Filters(link="implements"), set()),
])
def test_filters_bind_both_rankings(shelf, filters, expected):
    Cluster.objects.all().delete()
    group = Cluster.objects.create(label="Sequences", centroid=b"", model_id="x")
    Paper.objects.filter(pk=int(shelf["protein"].key)).update(cluster=group)
    found = search("learning gradient examples sequence network structures", filters=filters)
    names = {row.title: name for name, row in shelf.items()}
    assert {names[title] for title in titles(found)} <= expected
    near = similar(text="a network that learns from examples", filters=filters)
    assert {names[title] for title in titles(near)} == expected


def test_fields_in_the_box_filter_and_methods_are_said_to_be_left_out(shelf):
    results = search("network year:2022")
    assert titles(results) == [shelf["speech"].title]
    assert any("methods are left out" in note for note in results.notes)
    assert "is not a year" in search("network year:soon").notes[0]


def test_filters_alone_list_papers_newest_first(shelf):
    results = search("year:2020-2022")
    assert titles(results) == [shelf[name].title for name in ("speech", "protein", "optimizer")]
    assert results.total == 3 and search("year:2020-2022", limit=1, offset=1).hits[0].title == shelf["protein"].title
    assert search("").hits == () and search("-radar").hits == ()


def test_pages_cover_everything_once(shelf):
    whole = search("network examples gradient", limit=50)
    pieces = []
    for offset in range(0, whole.total, 2):
        pieces += search("network examples gradient", limit=2, offset=offset).hits
    assert [hit.key for hit in pieces] == [hit.key for hit in whole.hits] and len(pieces) == whole.total


def test_similar_to_a_stored_text_leaves_it_out(shelf):
    results = similar(kind="paper", key=shelf["forgetting"].key)
    assert results.total == 6 and shelf["forgetting"].title not in titles(results)
    assert titles(results)[0] == shelf["replay"].title
    assert titles(similar(kind="method", key="optimizers/adam"))[0] == shelf["optimizer"].title
    cosines = [hit.cosine for hit in results.hits]
    assert cosines == sorted(cosines, reverse=True) and all(hit.percentile is not None for hit in results.hits)
    with pytest.raises(SearchText.DoesNotExist):
        similar(kind="paper", key="404")


def test_similar_to_pasted_text(shelf):
    assert titles(similar(text="amino acids and their structure"))[0] == shelf["protein"].title
    assert similar(text="   ").hits == ()


def test_examples_of_the_like_and_the_unlike(shelf):
    def vector(name):
        return np.frombuffer(shelf[name].vectors.get().values, dtype="<f4")

    def by_hand(like, unlike):
        direction = np.mean([vector(name) for name in like], axis=0) - 0.5 * np.mean(
            [vector(name) for name in unlike], axis=0) if unlike else np.mean([vector(name) for name in like], axis=0)
        direction = direction / np.linalg.norm(direction)
        others = [name for name in shelf if name not in (*like, *unlike)]
        return {shelf[name].title: float(vector(name) @ direction) for name in others}

    def examples(names):
        return tuple((shelf[name].kind, shelf[name].key) for name in names)

    for like, unlike in ((("optimizer", "protein"), ()), (("optimizer",), ("forgetting",)),
                         (("adam", "weather"), ("replay", "speech"))):
        results = similar_to(Examples(examples(like), examples(unlike)))
        expected = by_hand(like, unlike)
        assert titles(results) == sorted(expected, key=lambda title: -expected[title])
        for hit in results.hits:
            assert hit.cosine == pytest.approx(expected[hit.title], abs=1e-4)
            assert hit.percentile is None  # random pairs say nothing of a mean
    with_text = similar_to(Examples(examples(["protein"]), text="rain and radar"))
    assert titles(with_text)[0] == shelf["weather"].title
    same = similar_to(Examples(examples(["protein"])))
    assert titles(same) == titles(similar(kind="paper", key=shelf["protein"].key)) and same.hits[0].percentile
    with pytest.raises(SearchText.DoesNotExist, match="no paper 404"):
        similar_to(Examples((("paper", "404"),)))


def test_without_an_encoder_words_still_work_and_it_is_said(topics, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "fresh"
    results = search("forgetting")
    assert not results.meaning and any("words only" in note and "not prepared" in note for note in results.notes)
    assert {hit.key for hit in results.hits} == {topics["forgetting"].key, "continual/replay"}
    assert "compared by meaning" in similar(text="anything").notes[0]


def test_before_the_first_vectors_words_still_work(topics):
    from papers.search.export import text_encoder
    text_encoder()
    results = search("forgetting")
    assert len(results.hits) == 2 and "no text is embedded yet" in results.notes[0]


def test_a_new_text_is_found_by_words_before_it_is_embedded(shelf):
    search_texts(("paper", "88", "Tidal turbines", "Blades under water."))
    results = search("tidal turbines")
    assert results.hits[0].key == "88" and results.hits[0].cosine is None
    assert "not embedded yet" in similar(kind="paper", key="88").notes[0]


def test_a_deleted_text_vanishes_at_once(shelf, monkeypatch):
    monkeypatch.setattr(index_module, "CHECK_SECONDS", 3600.0)
    assert shelf["weather"].title in titles(search("rain"))
    forget(shelf["weather"])
    assert shelf["weather"].title not in titles(search("rain"))


def test_queries_stay_few(shelf, django_assert_max_num_queries):
    search("gradient")
    with django_assert_max_num_queries(14):
        search("network examples gradient", limit=20)


def test_known_items_are_found_by_their_titles(digest_papers, db, capsys):
    """A paper's title, as a query, finds the paper among all of the real digests' papers."""
    search_texts(*[("paper", str(number), title, abstract)
                   for number, (title, abstract) in enumerate(digest_papers)])
    embed_texts()
    asked = range(0, len(digest_papers), 3)
    first = {"meaning": 0, "fused": 0}
    for number in asked:
        title = digest_papers[number][0].replace('"', " ")
        first["meaning"] += similar(text=title, limit=1).hits[0].key == str(number)
        first["fused"] += search(title, limit=1).hits[0].key == str(number)
    with capsys.disabled():
        print(f"\n{len(asked)} titles asked of {len(digest_papers)} papers; the paper comes first by meaning alone "
              f"{first['meaning'] / len(asked):.1%}, by words and meaning {first['fused'] / len(asked):.1%}")
    assert first["fused"] >= 0.95 * len(asked)
    assert first["meaning"] >= 0.90 * len(asked)
