"""Long texts of four sources to be read by a model that was trained on short ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.kit.stage.arena import Trial
from methods.kit.stage.lm_long import NAMES, documents, long_start, long_texts
from methods.kit.stage.lm_starts import start
from methods.kit.stage.lm_text import TEST, TRAIN, library

NEEDLE = 16         # pieces that come twice in a text, once early and once at its end


@dataclass(frozen=True)
class Texts:
    """Weights of the short and of the long start, test texts (N, T + 1) of each source, the same with a needle, bytes a
    piece (V,), and for training the windows (n, 65) of each document of each source."""

    short: dict[str, Tensor]
    long: dict[str, Tensor]
    tests: tuple[Tensor, ...]
    needles: Tensor
    sizes: Tensor
    read: tuple[tuple[Tensor, ...], ...]


def texts(trial: Trial) -> Texts:
    o, rng = trial.options, trial.numpy("texts")
    shelves = library(o.small, trial.progress)

    def here(net) -> dict[str, Tensor]:
        return {name: value.to(trial.device) for name, value in net.state_dict().items()}

    tests = []
    for name in NAMES:
        found = long_texts(shelves.shelves[name], TEST, o.windows)
        if not len(found):
            found = long_texts(shelves.shelves[name], TRAIN, o.windows)      # the small library has little
        tests.append(torch.from_numpy(found[rng.permutation(len(found))[:o.asked], :o.length + 1]).long())
    read = tuple(tuple(torch.from_numpy(np.array(each)) for each in documents(shelves.shelves[name], TRAIN))
                 for name in NAMES)
    needles = torch.cat([hidden(each, rng) for each in tests])
    return Texts(here(start(NAMES, o.size, o.read, trial.seed, o.small, trial.progress)),
                 here(long_start(o.size, o.read, trial.seed, o.small, trial.progress)),
                 tuple(each.to(trial.device) for each in tests), needles.to(trial.device),
                 torch.from_numpy(shelves.sizes.copy()).to(trial.device), read)


def hidden(texts: Tensor, rng: np.random.Generator) -> Tensor:
    """Texts whose last pieces are those of a place in their first half."""
    texts = texts.clone()
    for text in texts:
        at = int(rng.integers(1, len(text) // 2 - NEEDLE))
        text[-NEEDLE:] = text[at:at + NEEDLE]
    return texts
