"""The arena of bytes from tokens: valid pairs make valid texts, and exact probabilities by summing over encodings."""

import itertools

import torch

from methods.arenas.byte_probabilities.arena import ByteProbabilities
from methods.arenas.byte_probabilities.byte_token_representation import ByteTokenRepresentation
from methods.arenas.byte_probabilities.naive_prompt import NaivePrompt
from methods.arenas.byte_probabilities.stage.task import Model, Task
from methods.arenas.byte_probabilities.stage.token_models import model
from methods.arenas.byte_probabilities.stage.vocabularies import SYMBOLS
from methods.arenas.byte_probabilities.token_healing import TokenHealing


def stage():
    arena = ByteProbabilities()
    trial = arena.trial(scale="smoke", seed=1)
    data = arena.data(trial)
    return data, trial, Model(model("small", True), 1, trial)


def test_sequences_of_valid_pairs_are_those_that_the_tokenizer_makes():
    _, _, small = stage()
    vocabulary, drawn = small.vocabulary, torch.Generator().manual_seed(0)
    for _ in range(300):
        ids = torch.randint(len(vocabulary.tokens), (4,), generator=drawn).tolist()
        text = b"".join(vocabulary.tokens[i] for i in ids)
        pairs = all(vocabulary.valid[a, b] for a, b in itertools.pairwise(ids))
        assert pairs == (vocabulary.encode(text) == ids)


def test_covers_are_all_encodings_of_texts_that_begin_so():
    _, trial, small = stage()
    vocabulary, prompt = small.vocabulary, b" if x th"
    said = ByteTokenRepresentation().next_byte(Task([prompt], trial, None), small)[0]
    before, last, total = vocabulary.encode(b" if x"), b" th", torch.zeros(SYMBOLS)

    def walk(tokens, text, likely):
        """Every sequence of tokens, as long as it may still cover the prompt and one byte."""
        _, nexts = small.follow([before + tokens], [[]])
        for token, share in enumerate(nexts[0].exp()):
            made = text + vocabulary.tokens[token]
            if tokens and not vocabulary.valid[tokens[-1], token]:
                continue
            if len(made) > len(last) and made.startswith(last):
                total[made[len(last)] - 32] += likely * share
            elif last.startswith(made):
                walk([*tokens, token], made, likely * share)

    walk([], b"", 1.0)
    assert torch.allclose(said, total / total.sum(), atol=1e-5)


def test_by_bytes_all_ways_agree():
    data, trial, _ = stage()
    letters = Model(model("bytes", True), 0, trial)
    task = Task(list(data.prompts[:5]), trial, None)
    exact = ByteTokenRepresentation().next_byte(task, letters)
    assert torch.allclose(exact, NaivePrompt().next_byte(task, letters), atol=1e-5)
    assert torch.allclose(exact, TokenHealing().next_byte(task, letters), atol=1e-5)


def test_a_word_less_likely_than_a_float_can_tell_has_probabilities_all_the_same():
    _, trial, small = stage()
    endless = b" read " + b"q~" * 60
    said = ByteTokenRepresentation().next_byte(Task([endless, b" if x th"], trial, None), small)
    assert torch.allclose(said.sum(1), torch.ones(2), atol=1e-5)
