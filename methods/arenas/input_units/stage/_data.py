"""Running words with their classes, written in one script or three, and misspelt where that is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.arenas.input_units.stage.writing import misspelt, written
from methods.kit.stage.arena import Trial
from methods.kit.stage.data import brown, stdlib_source
from methods.kit.stage.word_text import class_of

LENGTH, STRETCH = 16, 128         # words of a window, windows of a stretch, about a document


@dataclass(frozen=True)
class WordData:
    """Windows of words; `labelled` and `test` with classes (N, 16)."""

    text: list[list[str]]
    labelled: list[list[str]]
    classes: Tensor
    test: list[list[str]]
    test_classes: Tensor


def word_data(trial: Trial) -> WordData:
    o, rng = trial.options, trial.numpy("words")
    spelled, tags = _small() if o.small else _brown(trial)
    many = len(spelled) // LENGTH
    of = np.arange(many) // (8 if o.small else STRETCH)
    part = np.random.default_rng(0).permutation(of[-1] + 1)[of] % 10      # 0, 1: tests; 2: validation
    asked = part == 2 if getattr(o, "asked", "test") == "val" else part < 2

    def some(rows: np.ndarray, number: int) -> np.ndarray:
        return rng.permutation(rows)[:number]

    rows = some(np.flatnonzero(part > 2), o.text * o.more + o.labelled)
    test = some(np.flatnonzero(asked), o.tests)

    def windows(at: np.ndarray) -> list[list[str]]:
        return [[written(spelled[j], int(of[i]) % 3 if o.scripts else 0) for j in range(i * LENGTH, (i + 1) * LENGTH)]
                for i in at.tolist()]

    def classes(at: np.ndarray) -> Tensor:
        return torch.from_numpy(tags[:many * LENGTH].reshape(many, LENGTH)[at].astype(np.int64)).to(trial.device)

    labelled, rest = rows[:o.labelled], rows[o.labelled:]
    asked_words = windows(test)
    if o.misspelt:
        asked_words = [[misspelt(word, rng, o.misspelt == "keyboard") if rng.random() < o.share else word
                        for word in window] for window in asked_words]
    return WordData(windows(rest), windows(labelled), classes(labelled), asked_words, classes(test))


def _brown(trial: Trial) -> tuple[list[str], np.ndarray]:
    text = brown(trial.progress)
    lower = [word.lower() for word in text.vocabulary]
    return [lower[i] for i in text.words], np.array([class_of(tag) for tag in text.tag_names], np.int8)[text.tags]


def _small() -> tuple[list[str], np.ndarray]:
    words = re.findall(r"[a-z]+|\d+|[^\sA-Za-z_\d]", bytes(stdlib_source(30_000)).decode("utf-8", "replace").lower())
    kinds = [0 if word.isalpha() and len(word) > 3 else 1 if word.isalpha() else 2 if word.isdigit() else
             3 + ord(word[0]) % 9 for word in words]
    return words, np.array(kinds, np.int8)
