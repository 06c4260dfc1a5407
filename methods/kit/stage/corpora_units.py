"""Units that text is cut into: a byte-level vocabulary learnt on some text, and running text as numbers of units."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from methods.kit.stage.lm_text import RESERVED, learnt, sizes_of

MASK, LONGEST = 1, 16           # a reserved unit; units of a word, at most

BLANK = "\u0120"              # how a blank is written in a byte-level vocabulary


class Stream(NamedTuple):
    """`ids` (T,) of running text, the number of the word (T,) that each is of, and the `first` and `last` unit (W,) of
    each word."""

    ids: Tensor
    of: Tensor
    first: Tensor
    last: Tensor


class Units:
    """Cuts words that are `spelled`, each after `normalise`; `marked`: a word's first unit shows that one begins."""

    def __init__(self, words: Tensor, spelled: list[str], normalise: Callable[[str], str], pieces: int, marked: bool):
        self.spelled, self.normalise, self.mark = spelled, normalise, " " if marked else ""
        said = [normalise(spelled[i]) for i in words.flatten()[:120_000].tolist()]
        self.cutter = learnt(["\n".join(" ".join(said[i:i + 64]) for i in range(0, len(said), 64))] if marked else
                             said, pieces)
        self.known: dict[int, list[int]] = {}

    @property
    def pieces(self) -> int:
        return self.cutter.get_vocab_size()

    def stream(self, windows: Tensor) -> Stream:
        words, at = windows.flatten().cpu().unique(return_inverse=True)
        new = [i for i in words.tolist() if i not in self.known]
        found = self.cutter.encode_batch([self.mark + self.normalise(self.spelled[i]) for i in new])
        self.known |= {i: each.ids[:LONGEST] for i, each in zip(new, found, strict=True)}
        rows = [self.known[i] for i in words.tolist()]
        table = torch.tensor([row + [0] * (LONGEST - len(row)) for row in rows])
        many = torch.tensor([len(row) for row in rows])[at]
        ends = many.cumsum(0)
        inside = torch.arange(LONGEST) < many[:, None]
        return Stream(*(values.to(windows.device) for values in (
            table[at][inside], torch.repeat_interleave(torch.arange(len(at)), many), ends - many, ends - 1)))

    def told_by(self, others: Units) -> list[list[int]]:
        """The units of another vocabulary that each unit is cut into."""
        spelled = [self.cutter.id_to_token(i) for i in range(RESERVED, self.pieces)]
        return [[i] for i in range(RESERVED)] + [[piece.id for piece in others.cutter.model.tokenize(text)]
                                                 for text in spelled]

    def begins(self) -> Tensor:
        """(V,) which units show that a word begins."""
        return torch.tensor([i < RESERVED or self.cutter.id_to_token(i)[0] == BLANK  # type: ignore[index]  # all are there
                             for i in range(self.pieces)])

    def sizes(self) -> Tensor:
        """(V,) how many bytes each unit stands for."""
        return torch.from_numpy(sizes_of(self.cutter)).long()
