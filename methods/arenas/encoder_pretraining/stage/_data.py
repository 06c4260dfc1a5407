"""What an encoder reads, where it starts, and what it is asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.arenas.encoder_pretraining.stage.starts import warm
from methods.kit.stage.arena import Trial
from methods.kit.stage.encoder_text import PASSAGE, shelf
from methods.kit.stage.lm_probes import hidden_places


@dataclass(frozen=True)
class EncoderData:
    """Text (N, T) with the document (N,) of each window, and links (K, 2) between windows. Labelled windows (n, 32)
    with word classes and genres, and test ones; passages to be filled with the places that are hidden; pairs of
    passages (P, 32) and whether they belong together. `start` are weights that have read; `kinds` (V,) say what a
    word looks like."""

    text: Tensor
    documents: Tensor
    links: Tensor
    labelled: Tensor
    classes: Tensor
    genres: Tensor
    told: Tensor
    told_classes: Tensor
    test: Tensor
    test_classes: Tensor
    test_genres: Tensor
    gaps: Tensor
    gap_places: Tensor
    test_gaps: Tensor
    test_gap_places: Tensor
    pairs: tuple[Tensor, Tensor]
    together: Tensor
    start: dict[str, Tensor]
    kinds: Tensor


def encoder_data(trial: Trial) -> EncoderData:
    o, rng = trial.options, trial.numpy("text")
    text = shelf(o.small, trial.progress)
    asked = getattr(o, "asked", "test")

    def some(rows: np.ndarray, many: int) -> np.ndarray:
        return rng.permutation(rows)[:many]

    # two thirds of the test stretches are for tests, the rest for validation
    held = text.stretch % 3 == 0
    tests = text.tests & (held if asked == "val" else ~held)
    stretches = rng.permutation(np.unique(text.stretch[~text.tests]))
    with_labels = np.isin(text.stretch, stretches[:len(stretches) // 2]) & ~text.tests
    labelled, test = some(np.flatnonzero(with_labels), o.labelled), some(np.flatnonzero(tests), o.tests)
    told = some(np.flatnonzero(~text.tests), o.labelled * 27)
    if o.bible:
        rows = some(np.flatnonzero(~text.passage_tests), o.text)
        windows, documents = text.passages[rows], text.chapter[rows]
        links = linked(rows, text.links)
        ask = np.flatnonzero(text.passage_tests & ((text.chapter % 3 == 0) == (asked == "val")))
        gaps, test_gaps = joined(text, some(np.flatnonzero(~text.passage_tests), 4000), o.gaps, rng), \
            joined(text, ask, o.tests, rng)
        pairs = passage_pairs(text, ask, o.pairs, rng)
    else:
        rows = some(np.flatnonzero(~text.tests), o.text)
        windows, documents, links = text.words[rows], text.stretch[rows], np.zeros((0, 2), np.int64)
        gaps, test_gaps = text.words[labelled[:o.gaps]], text.words[test]
        pairs = window_pairs(text, np.flatnonzero(tests), o.pairs, rng)

    def tensor(values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(values, np.int64)).to(trial.device)

    drawn = trial.generator("gaps")
    gaps, test_gaps = tensor(gaps), tensor(test_gaps)
    return EncoderData(
        tensor(windows), tensor(documents), tensor(links), tensor(text.words[labelled]),
        tensor(text.classes[labelled]), tensor(text.genre[labelled]), tensor(text.words[told]),
        tensor(text.classes[told]), tensor(text.words[test]),
        tensor(text.classes[test]), tensor(text.genre[test]), gaps, hidden_places(gaps, drawn), test_gaps,
        hidden_places(test_gaps, drawn), (tensor(pairs[0]), tensor(pairs[1])), tensor(pairs[2]),
        {name: value.to(trial.device) for name, value in warm(o, trial.seed, trial.progress).items()},
        tensor(text.kinds))


def linked(rows: np.ndarray, links: np.ndarray) -> np.ndarray:
    """Links between chosen rows, by their place among them."""
    place = np.full(int(max(rows.max(), links.max())) + 1, -1)
    place[rows] = np.arange(len(rows))
    found = place[links]
    return found[(found >= 0).all(1)]


def joined(text, rows: np.ndarray, many: int, rng) -> np.ndarray:
    """(many, 64) the beginnings of two linked passages, one after the other."""
    links = text.links[np.isin(text.links, rows).all(1)]
    links = links[rng.permutation(len(links))[:many]]
    half = PASSAGE // 2
    return np.concatenate([text.passages[links[:, 0], :half], text.passages[links[:, 1], :half]], 1)


def passage_pairs(text, rows: np.ndarray, many: int, rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Beginnings of linked passages, as many of any two, and which are linked."""
    links = text.links[np.isin(text.links, rows).all(1)]
    links = links[rng.permutation(len(links))[:many // 2]]
    left = np.concatenate([links[:, 0], links[:, 0]])
    right = np.concatenate([links[:, 1], rng.permutation(links[:, 1])])
    half = PASSAGE // 2
    return text.passages[left, :half], text.passages[right, :half], np.arange(len(left)) < len(links)


def window_pairs(text, rows: np.ndarray, many: int, rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows of one stretch, as many of two, and which are of one."""
    left = rng.permutation(rows)[:many // 2]
    right = np.array([rng.choice(rows[text.stretch[rows] == text.stretch[i]]) for i in left])
    other = rng.permutation(right)
    return (text.words[np.concatenate([left, left])], text.words[np.concatenate([right, other])],
            np.concatenate([np.ones(len(left)), (text.stretch[other] == text.stretch[left])]).astype(np.int64))
