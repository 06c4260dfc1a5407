"""Contexts from source files, and what comes after them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.kit.stage.arena import Trial
from methods.kit.stage.byte_models import TEST, TRAIN, files, windows

WORDS = 4                # of a list


@dataclass(frozen=True)
class Documents:
    """Contexts (N, C) of bytes, the same with their words in another order (a list backwards), and what follows
    (N, T + 1), of which the first byte is given and the others are asked."""

    contexts: Tensor
    mixed: Tensor
    follows: Tensor


def documents(trial: Trial) -> tuple[Documents, Documents]:
    """For training and for the test."""
    o = trial.options
    many = {TRAIN: o.steps * o.batch, TEST: o.tests}
    made = _lists if o.lists else _texts
    train, test = (made(part, many[part], trial, trial.numpy(f"documents {part}")) for part in (TRAIN, TEST))
    return train, test


def _texts(part: int, many: int, trial: Trial, rng: np.random.Generator) -> Documents:
    o = trial.options
    cut = windows(part, many, rng, o.small, o.context + o.target + 1)
    contexts, follows = cut[:, :o.context], cut[:, o.context:]
    mixed = []
    for row in contexts.numpy().astype(np.uint8):
        words = row.tobytes().split(b" ")
        mixed.append(b" ".join(words[i] for i in rng.permutation(len(words))))
    return Documents(contexts, _tensor(mixed), follows)


def _lists(part: int, many: int, trial: Trial, rng: np.random.Generator) -> Documents:
    """A context is the end of some text and a list of names of the same file; what follows is the list again."""
    o = trial.options
    shelf = [file.text for file in files(o.small) if file.part == part]
    names = [sorted(set(re.findall(rb"\b[a-z_]{4,6}\b", text.tobytes()))) for text in shelf]
    able = [i for i, found in enumerate(names) if len(found) >= 2 * WORDS]
    contexts, mixed, follows = [], [], []
    for _ in range(many):
        file = able[int(rng.integers(len(able)))]
        chosen = [names[file][i] for i in rng.choice(len(names[file]), WORDS, replace=False)]
        at = int(rng.integers(len(shelf[file]) - o.context))
        begin = shelf[file][at:at + o.context].tobytes() + b"\n"
        contexts.append((begin + b", ".join(chosen))[-o.context:])
        mixed.append((begin + b", ".join(chosen[::-1]))[-o.context:])
        follows.append((b"\n" + b", ".join(chosen))[:o.target + 1])
    return Documents(_tensor(contexts), _tensor(mixed), _tensor(follows))


def _tensor(rows: list[bytes]) -> Tensor:
    return torch.from_numpy(np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1).astype(np.int64))
