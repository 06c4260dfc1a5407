"""Windows of text of which half say everything twice, or handwritten digits as rows of grey dots."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.lm_text import RESERVED, TEST, TRAIN, library

NAMES = ("fiction", "bible-en", "reviews", "news")
SYMBOLS, GREYS, START = 256, 16, 255    # bytes; a row of dots is of the first 16 of them after the last
LENGTH = 64


def _letters() -> dict[str, int]:
    """The byte that each letter of a byte-level cutter stands for."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {**{chr(byte): byte for byte in plain}, **{chr(256 + i): byte for i, byte in enumerate(others)}}


BYTES = _letters()


@dataclass(frozen=True)
class Sequences:
    """Sequences (N, T + 1) to learn from and to be asked, the digit (N,) each shows (0 for text), and windows
    (N, T + 1) whose second half repeats the first."""

    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor
    twice: Tensor


def sequences(trial: Trial) -> Sequences:
    o, rng = trial.options, trial.numpy("sequences")
    parts = _dots(o, rng, trial) if o.pixels else _text(o, rng, trial)
    return Sequences(*(part.to(trial.device) for part in parts))


def _text(o, rng: np.random.Generator, trial: Trial) -> list[Tensor]:
    shelves = library(o.small, trial.progress)

    known = json.loads(shelves.cutter)["model"]["vocab"]
    names = sorted(known, key=known.get)
    said = [b"" if i < RESERVED else bytes(BYTES[letter] for letter in names[i]) for i in range(len(names))]

    def some(part: int, many: int) -> Tensor:
        found = []
        for name in NAMES:
            rows = rng.permutation(shelves.shelves[name].rows(part))[:many // 4]
            for window in shelves.shelves[name].windows[rows]:
                text = b"".join(said[piece] for piece in window)[:LENGTH + 1]
                found.append(np.frombuffer(text.ljust(LENGTH + 1), np.uint8))
        return torch.from_numpy(np.stack(found)).long()

    x, test = some(TRAIN, o.train), some(TEST, o.test)
    x = x[torch.from_numpy(rng.permutation(len(x)))]
    x = torch.cat([x[::2], repeated(x[1::2])])
    none = torch.zeros(len(x), dtype=torch.long)
    return [x, none, test, none[:len(test)], repeated(test)]


def repeated(windows: Tensor) -> Tensor:
    """(N, T + 1) whose last T / 2 are what came T / 2 before.

    >>> repeated(torch.tensor([[1, 2, 3, 4, 5]])).tolist()
    [[1, 2, 3, 2, 3]]
    """
    half = (windows.shape[1] - 1) // 2
    return torch.cat([windows[:, :half + 1], windows[:, 1:half + 1]], 1)


def _dots(o, rng: np.random.Generator, trial: Trial) -> list[Tensor]:
    if o.small:
        images, labels = datasets.digits()
        pools = ((images[:900], labels[:900]), (images[900:], labels[900:]))
        top = 1
    else:
        a, b, c, d = datasets.mnist(trial.progress)
        pools, top = ((a, b), (c, d)), 255
    parts: list[Tensor] = []
    for (images, labels), many in zip(pools, (o.pictures, o.asked), strict=True):
        rows = rng.permutation(len(labels))[:many]
        x = torch.from_numpy(np.array(images[rows], np.float32))[:, None] / top
        x = F.interpolate(x, (o.side, o.side), mode="area") if x.shape[-1] != o.side else x
        grey = (x.flatten(1) * (GREYS - 1)).round().long()
        parts += [F.pad(grey, (1, 0), value=START), torch.from_numpy(np.asarray(labels)[rows].astype(np.int64))]
    return [*parts, parts[2][:1]]
