"""What a method is given: text, pieces that stand for no text, spans to hide, and examples to make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

PAD, START, MASK = 0, 1, 2                 # pieces that stand for no text
MODES = {"R": 3, "S": 4, "X": 5, "code": 6, "words": 7}
SENTINELS = 24                             # the last pieces of the vocabulary
NONE = -1


@dataclass(frozen=True)
class Example:
    """Pieces that are shown and their places in the text, how many of them are the source, and what each is to say
    (NONE: nothing)."""

    shown: list[int]
    places: list[int]
    source: int
    said: list[int]


@dataclass(frozen=True)
class Batch:
    """ids, places, source and said (B, T), padded at the end."""

    ids: Tensor
    places: Tensor
    source: Tensor
    said: Tensor


def told(source: list[int], target: list[int], counted: list[bool] | None = None,
         source_places: list[int] | None = None, target_places: list[int] | None = None) -> Example:
    """A target to be said after a source; only counted pieces where `counted` is given. Places go on from the source to
    the target unless they are given; START stands one place before the target.

    >>> told([8, 9], [10, 11])
    Example(shown=[8, 9, 1, 10], places=[0, 1, 1, 2], source=2, said=[-1, -1, 10, 11])
    """
    said = [piece if counted is None or counted[i] else NONE for i, piece in enumerate(target)]
    before = list(range(len(source))) if source_places is None else source_places
    after = list(range(len(source), len(source) + len(target))) if target_places is None else target_places
    return Example([*source, START, *target[:-1]], [*before, after[0] - 1, *after[:-1]], len(source),
                   [NONE] * len(source) + said)


def packed(examples: list[Example], device: torch.device) -> Batch:
    longest = max(len(each.shown) for each in examples)
    ids = np.full((len(examples), longest), PAD)
    said, places, source = np.full(ids.shape, NONE), np.zeros(ids.shape, int), np.zeros(ids.shape, bool)
    for i, each in enumerate(examples):
        ids[i, :len(each.shown)] = each.shown
        places[i, :len(each.shown)] = each.places
        said[i, :len(each.said)] = each.said
        source[i, :each.source] = True
    return Batch(*(torch.from_numpy(x).to(device) for x in (ids, places, source, said)))


def hidden(row: list[int], spans: list[tuple[int, int]], first: int, mode: int | None = None,
           text_alone: bool = False) -> Example:
    """Spans (start, end) are hidden, a sentinel each, and said one after another, each behind its sentinel; with a mode
    before the text or none. With `text_alone` sentinels in the target are not to be said.

    >>> hidden([10, 11, 12, 13], [(1, 3)], 90)
    Example(shown=[10, 90, 13, 1, 90, 11], places=[0, 1, 3, -1, 0, 1], source=3, said=[-1, -1, -1, 90, 11, 12])
    """
    source, target = ([], []) if mode is None else ([mode], [])
    before, after = ([], []) if mode is None else ([0], [])
    counted: list[bool] = []
    at = 0
    for i, (start, end) in enumerate(spans):
        source += [*row[at:start], first + i]
        before += range(at, start + 1)
        target += [first + i, *row[start:end]]
        after += range(start - 1, end)
        counted += [not text_alone] + [True] * (end - start)
        at = end
    source, before = source + row[at:], before + list(range(at, len(row)))
    return told(source, target, counted, before, after)


class Task:
    """`draw` gives rows of 64 pieces; of the last draw `rows` are the numbers. `names` (N, 64) tells which name of its
    function a piece of code belongs to (NONE: none) and `words` how many pieces of a row are said in words, before the
    code (0: no code). `rng` is for the method's choices, `progress` goes from 0 to 1. What a step costs is counted by
    the pieces that pass through the net with gradients; a method that passes more than its batch says `spend`."""

    def __init__(self, data, trial):
        o = trial.options
        self.options, self.device = o, trial.device
        self.text: list[list[int]] = data.text.tolist()
        self.names, self.words, self.size = data.names, data.words, o.batch
        self.pieces, self.sentinel = data.pieces, data.pieces - SENTINELS
        self.rng, self.progress, self.spent = trial.numpy("choice"), 0.0, 0
        self.rows: list[int] = []
        self._order: list[int] = []

    def draw(self) -> list[list[int]]:
        """The next rows, all in mixed order before any comes again."""
        while len(self._order) < self.size:
            self._order += self.rng.permutation(len(self.text)).tolist()
        self.rows, self._order = self._order[:self.size], self._order[self.size:]
        return [self.text[i] for i in self.rows]

    def spend(self, pieces: int) -> None:
        self.spent += pieces

    def spans(self, length: int, mean: float, share: float) -> list[tuple[int, int]]:
        """Spans (start, end), a share of all pieces together, their number by their mean length; lengths of spans and
        of what lies between are drawn as random partitions. Text comes first.

        At least one piece is hidden and one is not.
        """
        many = min(max(round(length * share), 1), length - 1)
        count = min(max(round(many / mean), 1), SENTINELS - 1, many, length - many)
        noise, text = self.parts(many, count), self.parts(length - many, count)
        found, at = [], 0
        for between, inside in zip(text, noise, strict=True):
            found.append((at + between, at + between + inside))
            at += between + inside
        return found

    def parts(self, total: int, count: int) -> list[int]:
        """`total` split into `count` parts of at least one, all splits alike likely."""
        cuts = np.sort(self.rng.choice(total - 1, count - 1, replace=False)) + 1 if count > 1 else np.empty(0, int)
        return np.diff(np.concatenate([[0], cuts, [total]])).astype(int).tolist()

    def infill(self, row: list[int], mean: float, share: float, mode: int | None = None) -> Example:
        """Spans are hidden behind sentinels and said one after another, with a mode before the text or none."""
        return hidden(row, self.spans(len(row), mean, share), self.sentinel, mode)


def lesson(net: nn.Module, batch: Batch) -> Tensor:
    """Mean nats of all that is to be said."""
    return F.cross_entropy(net(batch.ids, batch.source, batch.places).flatten(0, 1), batch.said.flatten(),
                           ignore_index=NONE)
