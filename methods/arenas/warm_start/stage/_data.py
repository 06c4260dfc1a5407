"""Text to train on, what is asked, and the trained models to begin with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.arenas.warm_start.stage._preparation import learngene, predictors
from methods.kit.stage.arena import Trial
from methods.kit.stage.compressible_models import READ, trained
from methods.kit.stage.data import FASHION_NAMES, digits, fashion_mnist
from methods.kit.stage.lm_text import RESERVED, TEST, TRAIN, VALIDATION, Library, library

SIDE = 7            # of a picture, in pieces
WORD = 5            # pieces of its class's name, a dot where it has fewer


@dataclass(frozen=True)
class Growing:
    """Windows of pieces to `train` on (N, T), a few to `watch` and those of the `test`; `read` are test windows of the
    text that the source has read. Bits are divided by what `sizes` (V,) say of each piece; `old_sizes` are bytes.
    `source` are the weights of the trained model, `ready` those of a model of the target's shape (empty where there is
    none), `prepared` weights of what was learnt ahead."""

    train: Tensor
    watch: Tensor
    test: Tensor
    read: Tensor
    sizes: Tensor
    old_sizes: Tensor
    source: dict[str, Tensor]
    ready: dict[str, Tensor]
    prepared: dict[str, dict[str, Tensor]]


def growing(trial: Trial) -> Growing:
    o, rng = trial.options, trial.numpy("texts")
    shelves = library(o.small, trial.progress)
    asked = VALIDATION if getattr(o, "asked", "test") == "val" else TEST

    def some(part: int, many: int) -> Tensor:
        found = [np.array(shelves.shelves[name].windows[rng.permutation(shelves.shelves[name].rows(part))[
            :many // len(READ)]]) for name in READ]
        return torch.from_numpy(rng.permutation(np.concatenate(found))).to(trial.device)

    old_sizes = torch.from_numpy(shelves.sizes.copy()).to(trial.device)
    read = some(asked, o.tests)
    if o.pictures:
        everything = _pictures(trial, shelves, rng, o.steps * o.batch + o.watched + o.tests)
        train, watch, test = everything.split([o.steps * o.batch, o.watched, o.tests])
        sizes = torch.zeros_like(old_sizes)
        sizes[:RESERVED] = 1
    else:
        train, watch, test, sizes = some(TRAIN, o.steps * o.batch), some(asked, o.watched), read, old_sizes
    told = trial.progress

    def weights(name: str) -> dict[str, Tensor]:
        return dict(trained(name, o.small, told).to(trial.device).state_dict()) if name else {}

    prepared = {"learngene": learngene(o.small, told), **predictors(o.small, told)} if o.prepared else {}
    return Growing(train, watch, test, read, sizes, old_sizes, weights(o.source), weights(o.ready),
                   {name: {key: value.to(trial.device) for key, value in each.items()}
                    for name, each in prepared.items()})


def _pictures(trial: Trial, shelves: Library, rng: np.random.Generator, many: int) -> Tensor:
    """(N, WORD + SIDE^2) the name of what is to be seen, then a picture by rows, in eight greys as the first pieces."""
    from tokenizers import Tokenizer

    if trial.options.small:
        images, labels = digits()
        names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
        rows = rng.permutation(len(images))[:many]
        small = images[rows][:, :SIDE, :SIDE]
    else:
        images, labels = fashion_mnist(trial.progress)
        names, rows = list(FASHION_NAMES), rng.permutation(len(images))[:many]
        small = np.asarray(images[np.sort(rows)], np.float32).reshape(-1, SIDE, 4, SIDE, 4).mean((2, 4)) / 255
        rows = np.sort(rows)
    cutter = Tokenizer.from_str(shelves.cutter)
    words = np.array([(cutter.encode(f" {name}" + "." * WORD).ids)[:WORD] for name in names], np.int16)
    grey = np.minimum(small * RESERVED, RESERVED - 1).astype(np.int16).reshape(len(rows), -1)
    made = np.concatenate([words[np.asarray(labels)[rows]], grey], 1)
    return torch.from_numpy(made[rng.permutation(len(made))]).to(trial.device)
