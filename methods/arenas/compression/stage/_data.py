"""Text to become smaller by and to be tested on, and the trained models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.kit.stage.arena import Trial
from methods.kit.stage.compressible_models import READ, trained
from methods.kit.stage.lm_text import TEST, TRAIN, VALIDATION, library


@dataclass(frozen=True)
class Compressible:
    """`dense` and `masked` are weights of trained models by name; windows (N, 65) of pieces: `known` of the text that
    they read, `new` of the text to be tuned on, `test` of what is asked; `sizes` (V,) are bytes a piece."""

    dense: dict[str, Tensor]
    masked: dict[str, Tensor]
    known: Tensor
    new: Tensor
    test: Tensor
    sizes: Tensor


def compressible(trial: Trial) -> Compressible:
    o, rng = trial.options, trial.numpy("texts")
    shelves = library(o.small, trial.progress)
    asked = VALIDATION if getattr(o, "asked", "test") == "val" else TEST

    def some(names: tuple[str, ...], part: int, many: int) -> Tensor:
        found = []
        for name in names:
            shelf = shelves.shelves[name]
            found.append(np.array(shelf.windows[rng.permutation(shelf.rows(part))[:many // len(names)]]))
        return torch.from_numpy(rng.permutation(np.concatenate(found))).to(trial.device)

    known = some(READ, TRAIN, o.known)
    new = some(("reviews",), TRAIN, o.steps * o.batch) if o.steps else known[:0]
    test = some(("reviews",) if o.steps else READ, asked, o.tests)
    dense, masked = (trained(name, o.small, trial.progress).to(trial.device).state_dict()
                     for name in ("deep", "masked-75"))
    return Compressible(dict(dense), dict(masked), known, new, test, torch.from_numpy(shelves.sizes.copy()).to(
        trial.device))
