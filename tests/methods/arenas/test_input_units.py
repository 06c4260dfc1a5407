"""Equations of the arena of input units against computations that share no code with it."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from methods.arenas.input_units import byt5, charbert
from methods.arenas.input_units.stage import net, pieces, writing
from methods.arenas.input_units.stage.subsets import kept
from methods.arenas.input_units.stage.task import Task


def test_encoders_have_the_weights_they_may_have():
    for many in (258, 512, 1002):
        width = net.widest(many, 60_000)
        real = sum(p.numel() for p in net.encoder(many, width).parameters())
        assert 50_000 < real < 63_000 and abs(real - net.weights(many, width, 2)) < 0.02 * real


def test_scripts_write_the_same_word_in_more_bytes():
    words = ["house", "the", "a", "12", "it's"]
    assert [len(writing.written(word, 1).encode()) for word in words] == [10, 6, 2, 2, 4]
    assert [len(writing.written(word, 2).encode()) for word in words] == [9, 6, 3, 2, 4]
    assert len({writing.written(word, 2) for word in ("ab", "ba", "a", "b", "abb")}) == 5


def test_one_letter_is_misspelt():
    rng = np.random.default_rng(0)
    for _ in range(50):
        found = writing.misspelt("horses", rng, False)
        assert len(found) in (5, 6, 7) and sum(a != b for a, b in zip(sorted(found), sorted("horses"),
                                                                      strict=False)) <= 6
        near = writing.misspelt("horses", rng, True)
        assert sum(a != b for a, b in zip(near, "horses", strict=True)) == 1
    assert writing.misspelt("the", rng, False) == "the"


def test_byte_pieces_know_everything_and_characters_do_not():
    words = [" the", " then", " σο"] * 20
    by_bytes, by_characters = pieces.byte_pieces(words, 300), pieces.character_pieces(words, 20, 8)
    assert pieces.UNKNOWN not in by_bytes.encode(" 一").ids and len(by_bytes.encode(" 一").ids) >= 3
    assert pieces.UNKNOWN in by_characters.encode(" 一").ids


def test_units_end_where_words_end():
    task = object.__new__(Task)
    task._cut, task.device = {}, torch.device("cpu")
    batch = task.batch([["it", "is"], ["a", "b"]], byt5.units)
    assert batch.last.tolist() == [[2, 5], [1, 3]] and batch.ids.shape == (2, 6)
    assert batch.ids[1, 4:].tolist() == [0, 0]


def test_padding_costs_nothing():
    logits, ids = torch.randn(1, 4, 5), torch.tensor([[2, 3, 0, 0]])
    assert float(net.next_units(logits, ids, 0)) == pytest.approx(float(F.cross_entropy(logits[:, 0], ids[:, 1])))


def test_subsets_and_order():
    assert [kept("away", keep) for keep in ("first", "last", "vowels", "consonants")] == ["a", "y", "aa", "wy"]
    assert kept("aea", "consonants") == "." and charbert.backwards([1, 2, 3, 0, 0], 0) == [3, 2, 1, 0, 0]
