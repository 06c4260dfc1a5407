"""Vectors: only new and changed texts are embedded, by one process at a time, and nothing is lost on the way."""

import threading

import numpy as np
import pytest
from django.core.management import call_command
from filelock import FileLock

from papers.models import Vector
from papers.search.embedding import embedding_progress
from papers.search.encoder import EncoderUnavailable
from papers.search.index import index_manifest
from papers.search.refresh import embed_texts
from tests.papers.search.stored_texts import forget, search_texts


def test_embeds_once_and_only_what_changed(topics):
    assert embedding_progress().done == 0 and not embedding_progress().complete
    assert embed_texts() == 7
    assert embed_texts() == 0
    before = {vector.text_id: bytes(vector.values) for vector in Vector.objects.all()}
    changed = topics["speech"]
    search_texts(("paper", changed.key, changed.title, "Now about seismographs."),
                         ("paper", "99", "a sixth paper", "on nothing in particular"))
    assert (embedding_progress().done, embedding_progress().total) == (6, 8)
    assert embed_texts() == 2
    after = {vector.text_id: bytes(vector.values) for vector in Vector.objects.all()}
    assert len(after) == 8
    assert {text_id for text_id in before if before[text_id] != after[text_id]} == {changed.pk}
    progress = embedding_progress()
    assert progress.complete and progress.problem == "" and progress.model_id.startswith("all-MiniLM-L6-v2@")


def test_vectors_are_unit_length_and_carry_the_texts_hash(topics):
    embed_texts()
    for vector in Vector.objects.select_related("text"):
        values = np.frombuffer(vector.values, dtype="<f4")
        assert values.shape == (vector.dimension,) == (384,)
        assert np.linalg.norm(values) == pytest.approx(1.0, abs=1e-3)
        assert vector.text_hash == vector.text.text_hash


def test_progress_is_reported_and_committed_in_chunks(db):
    search_texts(*[("paper", str(number), f"paper {number}", "text") for number in range(1, 151)])
    heard = []
    assert embed_texts(report=lambda done, total: heard.append((done, total, Vector.objects.count()))) == 150
    assert heard == [(64, 150, 64), (128, 150, 128), (150, 150, 150)]


def test_a_second_process_leaves_the_work_to_the_first(topics, data_dir):
    (data_dir / "index").mkdir(exist_ok=True)
    taken, release = threading.Event(), threading.Event()

    def hold():
        with FileLock(data_dir / "index" / "embedding.lock"):
            taken.set()
            release.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(20)
    try:
        assert embed_texts() == 0
        assert Vector.objects.count() == 0
    finally:
        release.set()
        holder.join()
    assert embed_texts() == 7


def test_a_failure_is_kept_for_the_pages_until_it_works(topics, settings):
    settings.ENCODER_MODEL = "/no/such/model"
    with pytest.raises(EncoderUnavailable):
        embed_texts()
    assert "cannot be loaded" in embedding_progress().problem
    settings.ENCODER_MODEL = "all-MiniLM-L6-v2"
    embed_texts()
    assert embedding_progress().problem == ""


def test_nothing_to_embed_is_no_error(db):
    assert embed_texts() == 0
    assert embedding_progress().complete
    assert index_manifest() is None


def test_command_prints_progress(topics, capsys):
    call_command("embed", "--now")
    printed = capsys.readouterr().out
    assert "7 of 7 texts embedded" in printed and "7 texts embedded in" in printed


def test_deleting_a_text_takes_its_vector(topics):
    embed_texts()
    forget(topics["speech"])
    assert Vector.objects.count() == 6
    assert embedding_progress().complete
