"""Coloured printed letters with captions of four words, and questions that change one word."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.rendered import glyphs

COLOURS = ((1, 0.1, 0.1), (0.1, 1, 0.1), (0.2, 0.3, 1), (1, 1, 0.1), (1, 0.2, 1), (0.2, 1, 1))
SIDES = {"full": (16, 12, 8), "small": (8, 6, 4)}


@dataclass(frozen=True)
class RetrievalData:
    """Pictures x (N, D) with captions (N, 4), one word of each list; questions: a reference each (Q,), the word that is
    to change to (Q,), galleries (Q, G) of rows of the pictures asked about, of which the first is right."""

    x: Tensor
    captions: Tensor
    asked_x: Tensor
    asked_captions: Tensor
    reference: Tensor
    word: Tensor
    gallery: Tensor


@cache
def _letters(small: bool) -> tuple[Tensor, np.ndarray, np.ndarray]:
    """Grey letters (fonts, letters, side, side) in 0..1, the style and the family of each font."""
    if small:
        images, labels = datasets.digits()
        fonts = np.stack([np.stack([images[np.flatnonzero(labels == c)[i]] for c in range(6)]) for i in range(8)])
        return torch.from_numpy(fonts), np.arange(8) % 2, np.arange(8)
    found = glyphs()
    grey = torch.from_numpy(np.array(found.images[:, :26], np.float32)) / 255
    return F.avg_pool2d(grey, 2), found.styles, found.families


def retrieval_data(trial: Trial) -> RetrievalData:
    o, rng = trial.options, trial.numpy("split")
    letters, styles, families = _letters(o.small)
    many = (letters.shape[1], int(styles.max()) + 1, len(COLOURS), 3)
    held = rng.permutation(many[0] * many[2]) < many[0] * many[2] // 5           # pairs of letter and colour
    test_fonts = _held_families(styles, families, rng)
    parts = []
    for fonts in (np.flatnonzero(~test_fonts), np.flatnonzero(test_fonts)):
        font, letter, colour, size = (each.ravel() for each in np.meshgrid(
            fonts, np.arange(many[0]), np.arange(many[2]), np.arange(3), indexing="ij"))
        parts.append(np.stack([font, letter, styles[font], colour, size], 1))
    train, asked = parts
    train = rng.permutation(train[~held[train[:, 1] * many[2] + train[:, 3]]])[:o.pictures]
    reference, word, gallery = _questions(asked[:, 1:], many, held, o.questions, rng)
    starts = np.cumsum((0, *many[:-1]))
    noise = torch.from_numpy(rng.normal(0, o.noise, (len(train) + len(asked), 3)).astype(np.float32))
    to = trial.device
    return RetrievalData(
        _drawn(letters, train, noise[:len(train)], o.small).to(to), torch.from_numpy(train[:, 1:] + starts).to(to),
        _drawn(letters, asked, noise[len(train):], o.small).to(to), torch.from_numpy(asked[:, 1:] + starts).to(to),
        *(torch.from_numpy(each).to(to) for each in (reference, word, gallery)))


def _held_families(styles: np.ndarray, families: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(fonts,) whether a font is kept for the questions: of every style a quarter of its families, at least two."""
    chosen = np.zeros(len(styles), bool)
    for style in range(int(styles.max()) + 1):
        names = rng.permutation(np.unique(families[styles == style]))
        chosen |= np.isin(families, names[:max(2, len(names) // 4)])
    return chosen


def _drawn(letters: Tensor, rows: np.ndarray, noise: Tensor, small: bool) -> Tensor:
    """Pictures (N, 3 * side * side) of font, letter, style, colour and size; colours are a little off."""
    grey, side = letters[rows[:, 0], rows[:, 1]], letters.shape[-1]
    for i, inner in enumerate(SIDES["small" if small else "full"]):
        if inner < side:
            shrunk = F.interpolate(letters.flatten(0, 1)[:, None], (inner, inner), mode="area")[:, 0]
            shrunk = F.pad(shrunk, ((side - inner) // 2, side - inner - (side - inner) // 2) * 2)
            at = rows[:, 4] == i
            grey[at] = shrunk.view_as(letters)[rows[at, 0], rows[at, 1]]
    colour = (torch.tensor(COLOURS)[rows[:, 3]] + noise).clamp(0, 1)
    return (colour[:, :, None, None] * grey[:, None]).flatten(1)


def _questions(captions: np.ndarray, many: tuple[int, ...], held: np.ndarray, questions: int,
               rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """References, words and galleries. A gallery of 15: the right picture; four like the reference, without the word;
    five with the word that differ from the right one in another attribute; five without it that differ from the
    reference in another one. The right one has a pair of letter and colour that no training picture has."""
    sizes = np.array(many)
    code = np.ravel_multi_index(captions.T, many)
    order = np.argsort(code, kind="stable")
    starts = np.searchsorted(code[order], np.arange(np.prod(sizes)))
    counts = np.bincount(code, minlength=int(np.prod(sizes)))

    def pick(wanted: np.ndarray) -> np.ndarray:
        """Rows with these words (..., 4)."""
        at = np.ravel_multi_index(np.moveaxis(wanted, -1, 0), many)
        return order[starts[at] + rng.integers(0, 1 << 30, at.shape) % counts[at]]

    def changed(words: np.ndarray, attribute: np.ndarray) -> np.ndarray:
        """Words (Q, n, 4) with one attribute (Q, n) changed to another value."""
        out, size = words.copy(), sizes[attribute]
        at = (*np.indices(attribute.shape), attribute)
        out[at] = (out[at] + 1 + rng.integers(0, 1 << 30, attribute.shape) % (size - 1)) % size
        return out

    pairs = np.flatnonzero(held)
    pair = pairs[rng.integers(0, len(pairs), questions)]
    right = np.stack([pair // many[2], rng.integers(0, many[1], questions), pair % many[2],
                      rng.integers(0, many[3], questions)], 1)
    attribute = rng.integers(0, 4, questions)
    source = changed(right[:, None], attribute[:, None])[:, 0]
    other = (attribute[:, None] + rng.integers(1, 4, (questions, 10))) % 4
    gallery = np.concatenate([right[:, None], np.repeat(source[:, None], 4, 1),
                              changed(np.repeat(right[:, None], 5, 1), other[:, :5]),
                              changed(np.repeat(source[:, None], 5, 1), other[:, 5:])], 1)
    word = right[np.arange(questions), attribute] + np.cumsum((0, *many[:-1]))[attribute]
    return pick(source), word, pick(gallery)
