"""What the model has read, what it is to read, and what it is asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.kit.lm_nets import bits_per_byte
from methods.kit.stage.arena import Trial
from methods.kit.stage.lm_starts import start
from methods.kit.stage.lm_text import TEST, TRAIN, VALIDATION, library

OLD = ("fiction", "bible-en", "reviews", "news")


@dataclass(frozen=True)
class Texts:
    """Windows (N, 65) of pieces, by text: some of what the start has read (`old`), what comes (`new`, in the order of
    the setting), and what is asked of each. `start` are the weights, `start_bpb` what they score on the old texts;
    `sizes` (V,) are bytes a piece, `cutter` is how text was cut."""

    start: dict[str, Tensor]
    start_bpb: float
    old: tuple[Tensor, ...]
    new: tuple[Tensor, ...]
    test_old: tuple[Tensor, ...]
    test_new: tuple[Tensor, ...]
    sizes: Tensor
    cutter: str


def texts(trial: Trial) -> Texts:
    o, rng = trial.options, trial.numpy("texts")
    shelves = library(o.small, trial.progress)
    net = start(OLD, o.size, o.read, trial.seed, o.small, trial.progress)
    asked = VALIDATION if getattr(o, "asked", "test") == "val" else TEST

    def some(name: str, part: int, many: int) -> Tensor:
        rows = shelves.shelves[name].rows(part)
        return torch.from_numpy(np.array(shelves.shelves[name].windows[rng.permutation(rows)[:many]])).to(trial.device)

    test_old = tuple(some(name, asked, o.asked_old) for name in OLD)
    test_new = tuple(some(name, asked, o.asked_new // len(o.stages)) for name in o.stages)
    sizes = torch.from_numpy(shelves.sizes.copy()).to(trial.device)
    net = net.to(trial.device)
    many = round(o.steps * o.share) * o.batch
    return Texts(dict(net.state_dict()), bits_per_byte(net, torch.cat(test_old), sizes),
                 tuple(some(name, TRAIN, o.kept) for name in OLD), tuple(some(name, TRAIN, many) for name in o.stages),
                 test_old, test_new, sizes, shelves.cutter)
