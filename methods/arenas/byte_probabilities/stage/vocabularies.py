"""Byte-pair vocabularies of printable text, in which a token never crosses the beginning of a word.

A word begins with its space. The encoding of a word is the one that byte-pair merges make; two tokens may follow one
another only if the text of both is encoded as these two. A sequence all of whose neighbours may follow one another is
the encoding of its text, so which encodings are valid is known from pairs.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import Tensor

FIRST, SYMBOLS = 32, 95          # printable bytes
_SPACE = "Ġ"                     # how the tokenizer writes a space


class Vocabulary:
    """`tokens` are bytes; `valid` (V, V) says which token may follow which."""

    def __init__(self, cutter: Tokenizer | None, valid: np.ndarray | None = None):
        self.cutter = cutter
        self.tokens = [bytes([FIRST + i]) for i in range(SYMBOLS)] if cutter is None else [
            (cutter.id_to_token(i) or "").replace(_SPACE, " ").encode() for i in range(cutter.get_vocab_size())]
        self.longest = max(map(len, self.tokens))
        self._after: dict[bytes, Tensor] = {}
        self._known: dict[bytes, list[int]] = {}
        if valid is not None:
            self.valid = torch.from_numpy(np.array(valid, bool))
        else:
            self.valid = self._pairs()

    def encode(self, text: bytes) -> list[int]:
        """The tokens of a text, word by word."""
        found: list[int] = []
        for word in words(text):
            if word not in self._known:
                self._known[word] = [byte - FIRST for byte in word] if self.cutter is None else self.cutter.encode(
                    word.decode("ascii")).ids
            found += self._known[word]
        return found

    def after(self, begun: bytes) -> Tensor:
        """(V,) of each token the byte, from 0 on, that comes next where the token begins with `begun`, else -1."""
        if begun not in self._after:
            self._after[begun] = torch.tensor([token[len(begun)] - FIRST if token.startswith(begun)
                                               and len(token) > len(begun) else -1 for token in self.tokens])
        return self._after[begun]

    @cached_property
    def lengths(self) -> np.ndarray:
        return np.array([len(token) for token in self.tokens])

    def _pairs(self) -> Tensor:
        if self.cutter is None:
            return torch.ones(SYMBOLS, SYMBOLS, dtype=torch.bool)
        texts = [token.decode("ascii") for token in self.tokens]
        rows = []
        for i, text in enumerate(texts):
            both = self.cutter.encode_batch([text + other for other in texts])
            rows.append([each.ids == [i, j] for j, each in enumerate(both)])
        return torch.tensor(rows)


def words(text: bytes) -> list[bytes]:
    """Cut before every space.

    >>> words(b"to be  or")
    [b'to', b' be', b' ', b' or']
    """
    first, *others = text.split(b" ")
    return ([first] if first else []) + [b" " + other for other in others]


def learnt(texts: list[str], size: int) -> Tokenizer:
    """Byte-pair merges learnt on printable texts."""
    cutter = Tokenizer(models.BPE())
    cutter.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(" ", "merged_with_next"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    cutter.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, show_progress=False,
        initial_alphabet=[_SPACE, *(chr(FIRST + i) for i in range(1, SYMBOLS))]))
    return cutter
