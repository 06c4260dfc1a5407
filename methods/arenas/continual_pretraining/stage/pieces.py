"""New pieces for new text: pairs of old ones that often follow each other in a word, and a model that knows them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from methods.arenas.continual_pretraining.stage.task import EMPTY, Task

MANY = 64
APART = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~0123456789ĠĊĉč")     # blanks as a byte-level cutter writes them


def inside_words(pieces: list[str]) -> tuple[Tensor, Tensor]:
    """Which pieces may be the first, and which the second part of a new piece.

    >>> [each.tolist() for each in inside_words(["Ġa", "b", "Ġ", "."])]
    [[True, True, True, False], [False, True, False, False]]
    """
    return (torch.tensor([not APART & set(piece.removeprefix("Ġ")) for piece in pieces]),
            torch.tensor([not APART & set(piece) for piece in pieces]))


def learn(windows: Tensor, pieces: list[str], many: int = MANY) -> list[tuple[int, int]]:
    """Byte-pair encoding gone on with: the most frequent pair becomes a piece, again and again. The first piece of a
    window stays alone, so that the same bytes are predicted whatever the pieces; twins are not joined."""
    windows, merges = windows.long(), []
    left, right = inside_words(pieces)
    size = len(pieces) + many
    left, right = (torch.cat([each, torch.ones(many, dtype=torch.bool)]).to(windows.device) for each in (left, right))
    for i in range(many):
        a, b = windows[:, 1:-1], windows[:, 2:]
        good = (b != EMPTY) & left[a] & right[b] & (a != b)
        counts = torch.bincount((a * size + b)[good], minlength=1)
        pair = int(counts.argmax())
        merges.append((pair // size, pair % size))
        right[len(pieces) + i] = right[merges[-1][0]]
        windows = join(windows, *merges[-1], len(pieces) + i)
    return merges


def join(windows: Tensor, a: int, b: int, piece: int) -> Tensor:
    """Windows in which `piece` stands for a and b in a row, EMPTY at the end.

    >>> join(torch.tensor([[1, 1, 2, 3, 1, 2]]), 1, 2, 9).tolist()
    [[1, 9, 3, 9, -1, -1]]
    """
    found = (windows[:, :-1] == a) & (windows[:, 1:] == b)
    found[:, 0] = False
    if not found.any():
        return windows
    windows = windows.clone()
    windows[:, :-1][found] = piece
    gone = nn.functional.pad(found, (1, 0))
    windows[gone] = EMPTY
    return windows.gather(1, gone.int().argsort(dim=1, stable=True))


def cut(windows: Tensor, merges: list[tuple[int, int]], first: int) -> Tensor:
    """Windows in the pieces that the merges made, numbered from `first` on; columns that are all empty are left out."""
    windows = windows.long()
    for i, pair in enumerate(merges):
        windows = join(windows, *pair, first + i)
    return windows[:, :int((windows != EMPTY).sum(1).max())]


def made_of(merges: list[tuple[int, int]], first: int) -> list[list[int]]:
    """The old pieces of each new one.

    >>> made_of([(1, 2), (10, 3)], 10)
    [[1, 2], [1, 2, 3]]
    """
    known: list[list[int]] = []
    for pair in merges:
        known.append([old for part in pair for old in (known[part - first] if part >= first else [part])])
    return known


def extended(net: nn.Module, rows: Tensor) -> nn.Module:
    """The model with rows of new pieces below its embeddings."""
    old = net.embed.weight.detach()
    net.embed = nn.Embedding.from_pretrained(torch.cat([old, rows.to(old)]), freeze=False)
    return net


class NewPieces:
    """What methods with new pieces have in common: they learn them from the first text, and say where rows begin."""

    def prepare(self, net: nn.Module, task: Task) -> nn.Module:
        if task.stage:
            return net
        self.first = len(task.pieces)
        self.merges = learn(task.new, task.pieces, min(MANY, task.options.batch * 4))
        return extended(net, self.rows(net, made_of(self.merges, self.first), task))

    def cut(self, windows: Tensor, task: Task) -> Tensor:
        return cut(windows, self.merges, self.first)

    def rows(self, net: nn.Module, old: list[list[int]], task: Task) -> Tensor:
        """(M, D) the embeddings that new pieces made of `old` ones begin with."""
        raise NotImplementedError
