"""Equations of the arenas of pretraining corpora and language transfer against computations that share no code."""

import numpy as np
import pytest
import torch

from methods.arenas.language_transfer import active_forgetting
from methods.arenas.pretraining_corpora import fast_text, mbertu
from methods.arenas.pretraining_corpora.stage import _writing
from methods.arenas.pretraining_corpora.stage.pairs import paired
from methods.arenas.pretraining_corpora.stage.spans import spans
from methods.arenas.pretraining_corpora.stage.words import MASK, RESERVED
from methods.kit.stage import corpora_text, corpora_units, lm_text

WORDS = ["the", "cat", "sat", "on", "mat", "and", "cats", "sang"]


@pytest.fixture
def units():
    return corpora_units.Units(torch.arange(8).repeat(20), WORDS, str, 280, True)


def test_a_stream_is_its_words_one_after_another(units):
    windows = torch.tensor([[1, 4], [7, 0]])
    text = units.stream(windows)
    assert "".join(units.cutter.id_to_token(i) for i in text.ids.tolist()) == "ĠcatĠmatĠsangĠthe"
    for word, (first, last) in enumerate(zip(text.first.tolist(), text.last.tolist(), strict=True)):
        assert text.of[first:last + 1].tolist() == [word] * (last + 1 - first)
    assert units.begins()[text.ids].sum() == 4
    assert int(units.sizes()[text.ids].sum()) == len(" cat mat sang the")


def test_words_that_are_dropped_have_no_units():
    units = corpora_units.Units(torch.arange(8), WORDS, lambda word: "" if word == "on" else word, 264, False)
    text = units.stream(torch.tensor([[1, 3, 4]]))
    assert text.of.tolist() == [0] * 3 + [2] * 3
    assert text.last.tolist() == [2, 2, 5]


def test_units_are_told_by_those_of_another_vocabulary(units):
    letters = corpora_units.Units(torch.arange(8), WORDS, str, 264, True)
    for i, cut in enumerate(units.told_by(letters)):
        if i >= RESERVED:
            assert "".join(letters.cutter.id_to_token(j) for j in cut) == units.cutter.id_to_token(i)
    rows = torch.arange(6.0).view(3, 2)
    assert mbertu.mean_rows(rows, [[0, 2], [1]]).tolist() == [[2.0, 3.0], [2.0, 3.0]]


def test_numbers_that_methods_know_are_those_of_the_units():
    assert (MASK, RESERVED) == (corpora_units.MASK, lm_text.RESERVED)


def test_skip_gram_counts_five_negatives():
    rng = np.random.default_rng(0)
    word, near, bad = rng.normal(size=(3, 4)), rng.normal(size=(3, 4)), rng.normal(size=(3, 5, 4))
    total = 0.0
    for i in range(3):
        total += np.log1p(np.exp(-word[i] @ near[i])) + sum(np.log1p(np.exp(word[i] @ bad[i, j])) for j in range(5))
    assert float(fast_text.skip_gram(*map(torch.from_numpy, (word, near, bad)))) == pytest.approx(total / 3)


def test_a_word_is_the_mean_of_its_units():
    vectors = torch.randn(1, 5, 3, generator=torch.Generator().manual_seed(0))
    found = fast_text.pooled(vectors, torch.tensor([[0, 0, 1, 2, 2]]), 3)
    assert torch.allclose(found[0], torch.stack([vectors[0, :2].mean(0), vectors[0, 2], vectors[0, 3:].mean(0)]))


def test_strange_halves_are_words_of_their_own():
    ids, of = torch.arange(12).view(2, 6), torch.tensor([[3, 3, 4, 5, 5, 6], [9, 10, 10, 10, 11, 12]])
    rows, words = paired(ids, of, torch.tensor([True, False]))
    assert rows.tolist() == [[0, 1, 2, 9, 10, 11], [6, 7, 8, 9, 10, 11]]
    assert words[0].tolist() == [3, 3, 4, 5, 6, 7] and words[1].tolist() == of[1].tolist()


def test_hidden_stretches_have_their_length():
    found = spans(torch.rand(50, 60, generator=torch.Generator().manual_seed(0)), 0.15, 9)
    assert set(found.sum(1).tolist()) == {9}
    for row in found:
        at = row.nonzero().flatten()
        assert (at.diff() == 1).all()


def test_a_dialect_keeps_words_apart_and_sounds_by_rule():
    rng = np.random.default_rng(0)
    assert {_writing.dialect("Thick", rng) for _ in range(40)} == {"Diq", "Dyq"}
    assert _writing.unsegmented(",", rng) == " " and _writing.unsegmented("x1", rng) == "x1"
    posts = {_writing.post("London", rng) for _ in range(200)}
    assert any(post[0] == "@" for post in posts) and any(post[0] == "#" for post in posts) and "london" in posts


def test_no_word_of_a_test_document_is_read():
    text = corpora_text.corpus(small=True)
    assert all(0 < text.tests[name].mean() < 1 for name in text.windows)
    assert all(text.classes[name].shape == text.windows[name].shape for name in ("brown", "science", "code"))


def test_forgetting_begins_the_schedule_of_embeddings_anew():
    method = active_forgetting.ActiveForgetting(times=3)
    rates = [method.rate(type("Task", (), {"step": step, "steps": 60})) for step in range(60)]
    assert rates[:20] == rates[20:40] == rates[40:]
    assert rates[1] == pytest.approx(0.1 + 0.9 * 0.5 * (1 + np.cos(np.pi / 20)))
