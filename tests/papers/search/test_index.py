"""The FAISS index is a cache: exact, replaced whole, rebuilt when missing, damaged or behind."""

import time

import numpy as np
import pytest

from papers.models import SearchText, Vector
from papers.search import index as index_module
from papers.search.encoder import EncoderUnavailable, encode_query, model_id
from papers.search.index import (
    IndexUnavailable,
    current_index,
    index_manifest,
    rebuild_index,
)
from papers.search.refresh import embed_texts
from papers.search.vectors import index_dir, kind_vectors, text_vector
from papers.services import record_search_texts


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
    among = [embedded["speech"].pk, embedded["adam"].pk, 10**9]
    assert set(named(index.search(query, 9, among=among), embedded)) == {"speech", "adam"}
    assert named(index.search(query, 9, among=among, kinds=["paper"]), embedded) == ["speech"]
    assert index.search(query, 9, among=[]) == []
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
    SearchText.objects.get(pk=embedded["weather"].pk).delete()
    assert current_index().size == 6
    record_search_texts([("paper", "50", "rain again", "more rain from radar")])
    embed_texts()
    index = current_index()
    assert index.size == 7
    found = index.search(encode_query("rain")[1], 1)
    assert found[0][0] == SearchText.objects.get(kind="paper", key="50").pk


def test_opened_once_and_again_after_a_new_build(embedded):
    opened = current_index()
    assert current_index() is opened
    record_search_texts([("paper", "51", "another", "text")])
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
    SearchText.objects.get(pk=embedded["weather"].pk).delete()
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


def test_inverted_lists_take_over_and_agree_with_the_exact_search(monkeypatch, db):
    """Above the limit: quantised inverted lists, nearly the same neighbours, filters still exact."""
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((60, 32))
    vectors = centres[generator.integers(60, size=45_000)] + 0.6 * generator.standard_normal((45_000, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    exact, description = index_module._faiss_index(vectors)
    assert description == "Flat"
    monkeypatch.setattr(index_module, "FLAT_LIMIT", 40_000)
    lists, description = index_module._faiss_index(vectors)
    assert description == "IVF1024,SQ8"
    lists.nprobe = index_module.PROBES
    queries = vectors[:50]
    truth, found = exact.search(queries, 10)[1], lists.search(queries, 10)[1]
    overlap = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(truth, found, strict=True)])
    assert overlap > 0.9


def test_text_vector_is_the_stored_one(embedded):
    row = embedded["adam"]
    text_id, vector = text_vector("method", "optimizers/adam")
    assert text_id == row.pk
    assert vector.tobytes() == bytes(Vector.objects.get(text=row).values)
    assert text_vector("method", "optimizers/none") is None
