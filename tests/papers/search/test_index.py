"""The FAISS index is a cache: exact, replaced whole, rebuilt when missing, damaged or behind."""

import os
import time
from types import SimpleNamespace

import numpy as np
import pytest

from papers.models import Paper, SearchText
from papers.search import builds, opened
from papers.search import index as index_module
from papers.search import narrowing as narrowing_module
from papers.search.embedding import _store
from papers.search.encoder import EncoderUnavailable, encode_query, model_id
from papers.search.index import (
    Index,
    IndexUnavailable,
    current_index,
    index_manifest,
    rebuild_index,
)
from papers.search.narrowing import Narrowing
from papers.search.query import Term
from papers.search.recall import Trial
from papers.search.refresh import embed_texts
from papers.search.vectors import index_dir, kind_vectors
from tests.papers.search.stored_texts import forget, search_texts


@pytest.fixture
def embedded(topics, monkeypatch):
    monkeypatch.setattr(index_module, "CHECK_SECONDS", 0.0)
    embed_texts()
    return topics


def named(found, topics):
    names = {row.pk: name for name, row in topics.items()}
    return [names[text_id] for text_id, _ in found]


def test_finds_the_meaning_and_equals_the_plain_product(embedded):
    query = encode_query("rainfall prediction")[1]
    found = current_index().search(query, 7)
    assert named(found, embedded)[0] == "weather"
    everything = {}
    for kind in ("paper", "method"):
        ids, _, vectors = kind_vectors(kind, model_id())
        everything.update(zip(ids, vectors @ query, strict=True))
    assert dict(found) == pytest.approx(everything, abs=1e-5)
    assert [text_id for text_id, _ in found] == sorted(everything, key=everything.get, reverse=True)


def test_keeps_to_kinds_and_to_given_texts(embedded):
    query = encode_query("remembering earlier tasks by replaying examples")[1]
    index = current_index()
    assert named(index.search(query, 9, kinds=["method"]), embedded) == ["replay", "adam"]
    assert set(named(index.search(query, 9, kinds=["paper"]), embedded)) == {
        "forgetting", "optimizer", "protein", "speech", "weather"}
    stepping = Narrowing(required=(Term(("step",)),))
    assert set(named(index.search(query, 9, texts=stepping), embedded)) == {"optimizer", "adam"}
    assert named(index.search(query, 9, texts=stepping, kinds=["paper"]), embedded) == ["optimizer"]
    without = Narrowing(required=stepping.required, excluded=(Term(("stochastic",)),))
    assert named(index.search(query, 9, texts=without), embedded) == ["adam"]
    assert "optimizer" not in named(index.search(query, 9, texts=Narrowing(excluded=without.excluded)), embedded)
    assert index.search(query, 9, texts=Narrowing(required=(Term(("zebra",)),))) == []
    assert index.search(query, 9, kinds=["poem"]) == []


def test_rebuilds_when_deleted_or_damaged(embedded):
    first = index_manifest()["build"]
    for path in index_dir().iterdir():
        if path.suffix in {".faiss", ".npz", ".json"}:
            path.unlink()
    assert current_index().size == 7
    second = index_manifest()["build"]
    assert second != first
    (index_dir() / "manifest.json").write_text("not json")
    assert current_index().size == 7
    third = index_manifest()["build"]
    time.sleep(0.01)
    (index_dir() / f"{third}.faiss").write_bytes(b"broken")
    (index_dir() / "manifest.json").touch()
    assert current_index().size == 7
    assert index_manifest()["build"] not in {first, second, third}


def test_follows_new_changed_and_deleted_texts(embedded):
    assert current_index().size == 7
    unchanged = index_manifest()["build"]
    assert rebuild_index()["build"] == unchanged  # nothing to do
    forget(embedded["weather"])
    assert current_index().size == 6
    search_texts(("paper", "50", "rain again", "more rain from radar"))
    embed_texts()
    index = current_index()
    assert index.size == 7
    found = index.search(encode_query("rain")[1], 1)
    assert found[0][0] == SearchText.objects.get(kind="paper", key="50").pk


def test_old_builds_go_and_nothing_else_does(embedded):
    old = [f"20200101-000000-abcdef{suffix}" for suffix in builds.SUFFIXES]
    for name in (*old, "map.npz", "links.npy"):
        (index_dir() / name).write_bytes(b"")
        os.utime(index_dir() / name, (0, 0))
    rebuild_index(anew=True)
    left = {path.name for path in index_dir().iterdir()}
    assert not left & set(old) and {"map.npz", "links.npy"} <= left


def test_opened_once_and_again_after_a_new_build(embedded):
    opened = current_index()
    assert current_index() is opened
    search_texts(("paper", "51", "another", "text"))
    embed_texts()
    assert current_index() is not opened


def test_says_when_there_is_nothing(db, settings, tmp_path, topics):
    from papers.search.export import text_encoder
    text_encoder()
    with pytest.raises(IndexUnavailable, match="no text is embedded yet"):
        current_index()
    settings.DATA_DIR = tmp_path / "fresh"
    with pytest.raises(EncoderUnavailable, match="not prepared"):
        current_index()


def test_large_collections_keep_serving_and_leave_the_rebuild_to_a_worker(embedded, monkeypatch):
    asked = []
    monkeypatch.setattr(index_module, "INLINE_LIMIT", 3)
    monkeypatch.setattr(index_module, "_ask_worker", lambda: asked.append(True))
    forget(embedded["weather"])
    assert current_index().size == 7 and asked  # behind, but serving
    (index_dir() / "manifest.json").unlink()
    with pytest.raises(IndexUnavailable, match="being rebuilt"):
        current_index()


def test_percentile_is_the_share_of_random_pairs_below(embedded):
    index = current_index()
    _, _, vectors = kind_vectors("paper", index.model_id)
    product = vectors @ vectors.T
    pairs = product[~np.eye(len(vectors), dtype=bool)]
    for cosine in np.quantile(pairs, [0.1, 0.5, 0.9]) + 1e-4:
        assert index.percentile(cosine, "paper", "paper") == pytest.approx(100 * (pairs < cosine).mean(), abs=2.0)
    assert index.percentile(2.0, "method", "paper") == 100.0
    assert index.percentile(-2.0, "query", "paper") == 0.0
    assert index.percentile(0.5, "poem", "paper") is None


def crowd(count: int, first: int = 1) -> np.ndarray:
    """That many papers of one model, their vectors in sixty heaps; returns the vectors (count, 32)."""
    generator = np.random.default_rng(first)
    centres = np.random.default_rng(0).standard_normal((60, 32))
    vectors = centres[generator.integers(60, size=count)] + 0.6 * generator.standard_normal((count, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    search_texts(*(("paper", str(first + number), f"paper {first + number}", "text") for number in range(count)))
    store(dict(zip(range(first, first + count), vectors, strict=True)))
    return vectors


def store(vectors: dict[int, np.ndarray]) -> None:
    """Give these papers' texts these vectors, as the embedding does."""
    rows = SearchText.objects.filter(paper__in=vectors).order_by("paper")
    _store(list(rows), np.stack([vectors[row.paper_id] for row in rows]), "stand-in")


@pytest.fixture
def lists(db, monkeypatch):
    """Three thousand papers under inverted lists of 8-bit codes."""
    monkeypatch.setattr(builds, "prepared", lambda: SimpleNamespace(model_id="stand-in"))
    monkeypatch.setattr(builds, "encode_query", lambda text: ("stand-in", np.eye(32, dtype=np.float32)[0]))
    monkeypatch.setattr(builds, "kind_of_index", lambda count: "IVF64,SQ8")
    return crowd(3000)


def opened_index() -> Index:
    return Index(index_dir(), rebuild_index())


def test_inverted_lists_find_what_the_exact_search_finds(lists):
    index = opened_index()
    assert index.manifest["index"] == "IVF64,SQ8" and index.size == 3000
    exact = lists @ lists[:50].T
    overlap = []
    for number in range(50):
        found = index.search(lists[number], 10)
        truth = np.argsort(-exact[:, number])[:10]
        papers = dict(SearchText.objects.filter(pk__in=[text_id for text_id, _ in found]).values_list("pk", "paper"))
        overlap.append(len({papers[text_id] - 1 for text_id, _ in found} & set(truth.tolist())) / 10)
        assert found[0][1] == pytest.approx(float(exact[truth[0], number]), abs=1e-6)  # from the stored vector
    assert np.mean(overlap) > 0.97


def test_a_restricted_search_of_inverted_lists_stays_within_its_rows(lists):
    index = opened_index()
    few = np.arange(1, 3001, 100)
    found = index.search(lists[0], 40, texts=Narrowing(Paper.objects.filter(pk__in=few.tolist())))
    papers = set(SearchText.objects.filter(pk__in=[text_id for text_id, _ in found]).values_list("paper", flat=True))
    assert papers == set(few.tolist())
    assert index.search(lists[0], 5, texts=Narrowing(Paper.objects.filter(pk=10**9))) == []


@pytest.mark.parametrize("deepest", [opened.DEEPEST, 10])
def test_a_filter_that_leaves_many_finds_the_nearest_of_them(lists, monkeypatch, deepest):
    """Both ways: met among the nearest, and where those do not suffice, all looked up."""
    for module in (opened, narrowing_module):
        monkeypatch.setattr(module, "FEW", 20)
    monkeypatch.setattr(opened, "DEEPEST", deepest)
    index = opened_index()
    paper_of = dict(SearchText.objects.values_list("pk", "paper"))
    many = Narrowing(Paper.objects.filter(pk__gt=1500))
    shares = []
    for number in range(20):
        found = [paper_of[pk] for pk, _ in index.search(lists[number], 10, texts=many)]
        exact = np.argsort(-(lists[1500:] @ lists[number]))[:10] + 1501
        assert len(found) == 10 and min(found) > 1500
        shares.append(len(set(found) & set(exact.tolist())) / 10)
    assert np.mean(shares) > 0.97


def test_a_build_says_how_much_it_finds_and_how_it_was_made(lists):
    manifest = opened_index().manifest
    assert manifest["lists"] == 64 and manifest["probes"] >= 32 and manifest["megabytes"] > 0
    assert 0.9 < manifest["recall"] <= 1 and manifest["titles_asked"] == 256


def test_a_trial_knows_the_exact_neighbours(lists):
    index = opened_index()
    ids, vectors = kind_vectors("paper", "stand-in")[::2]
    asked = np.arange(0, 3000, 100)
    trial = Trial.of(vectors[asked], np.array(ids)[asked])
    for start in range(0, 3000, 700):  # however they come
        trial.take(np.array(ids[start:start + 700]), vectors[start:start + 700])
    cosines = vectors[asked] @ vectors.T
    cosines[np.arange(len(asked)), asked] = -1
    exact = np.array(ids)[np.argsort(-cosines, axis=1)]
    assert (trial.text_ids[:, :10] == exact[:, :10]).all()
    assert trial.recall(index) > 0.97
    index.manifest["probes"] = 1
    assert trial.recall(index) < 0.97  # it does measure
    trial.forget(exact[:, 0])
    gone = set(exact[:, 0].tolist())
    for owner, found in zip(trial.owners, trial.text_ids, strict=True):
        assert owner not in gone
        row = ids.index(owner)
        left = [pk for pk in exact[list(asked).index(row)] if pk not in gone]
        assert found[:5].tolist() == left[:5]


@pytest.mark.parametrize(("count", "kind"), [(100, "Flat"), (100_000, "Flat"), (100_001, "IVF512,SQ8"),
                                             (300_000, "IVF1024,SQ8"), (1_000_000, "IVF2048,SQ8")])
def test_one_rule_chooses_the_kind_of_index(count, kind):
    assert builds.kind_of_index(count) == kind


def test_a_build_grows_by_what_came_changed_and_went(lists):
    first = opened_index()
    more = crowd(40, first=3001)
    store({7: more[0]})
    forget(SearchText.objects.get(paper=8))
    grown = opened_index()
    assert grown.manifest["made_at"] == first.manifest["made_at"] and grown.manifest["appended"] == 41
    assert grown.size == 3039 and grown.manifest["dead"] == 2
    text = {paper: SearchText.objects.get(paper=paper).pk for paper in (7, 3001, 3040)}
    assert {pk for pk, _ in grown.search(more[0], 2)} == {text[7], text[3001]}
    assert grown.search(more[39], 1)[0][0] == text[3040]
    assert grown.kinds_of(list(text.values())) == ["paper"] * 3
    assert rebuild_index()["build"] == grown.manifest["build"]  # nothing to do
    crowd(800, first=3041)
    assert opened_index().manifest["made_at"] > first.manifest["made_at"]  # too much has come: made anew
    anew = Index(index_dir(), rebuild_index(anew=True))
    assert anew.size == 3839 and anew.manifest["appended"] == anew.manifest["dead"] == 0
