"""What a method may read in a setting, and what its states are asked."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from methods.arenas.pretraining_corpora.stage._writing import written
from methods.kit.stage.arena import Trial
from methods.kit.stage.corpora_text import Corpus, corpus

SHELVES = ("target", "one-source", "more", "general", "multi", "formal")


@dataclass(frozen=True)
class CorporaData:
    """`shelves` by name, windows (N, 32) of numbers in `spelled`; labelled and test windows with the class of each word
    (n, 32); `told` are more of the labelled, for an upper bound."""

    shelves: dict[str, Tensor]
    spelled: list[str]
    labelled: Tensor
    labels: Tensor
    told: Tensor
    told_labels: Tensor
    test: Tensor
    test_labels: Tensor


def corpora_data(trial: Trial) -> CorporaData:
    o, rng = trial.options, trial.numpy("text")
    text = corpus(o.small, trial.progress)
    windows, how = {}, {}
    for name in SHELVES:
        sources, many, how[name] = shelf_of(o, name, rng)
        windows[name] = _mixed(text, sources, many, rng)
    rows, labels = _asked(text, o, False, o.told, rng)
    test, test_labels = _asked(text, o, True, o.tests, rng)
    windows |= {"told": rows, "test": test}
    how |= {"told": o.writing, "test": o.writing}
    made, spelled = written(windows, how, text.spelled, rng)
    tensors = {name: torch.from_numpy(np.array(value, np.int64)).to(trial.device) for name, value in made.items()}
    told, told_labels = tensors["told"], torch.from_numpy(np.array(labels, np.int64)).to(trial.device)
    return CorporaData(
        {name: tensors[name] for name in SHELVES}, spelled, told[:o.labelled], told_labels[:o.labelled], told,
        told_labels, tensors["test"], torch.from_numpy(np.array(test_labels, np.int64)).to(trial.device))


def shelf_of(o: SimpleNamespace, name: str, rng: np.random.Generator) -> tuple[tuple[str, ...], int, str]:
    """Sources, how many windows, and how they are written."""
    if name == "one-source":
        return (str(rng.choice(o.target)),), o.many, o.writing
    if name in ("general", "multi"):
        return getattr(o, name), o.many * o.others, o.others_writing
    return o.target, o.many * (10 if name == "more" else 1), "plain" if name == "formal" else o.writing


def _mixed(text: Corpus, sources: tuple[str, ...], many: int, rng: np.random.Generator) -> np.ndarray:
    """Equally many windows of each source, or all it has, in runs of eight that follow each other."""
    parts = []
    for source in sources:
        rows = text.windows[source][~text.tests[source]]
        runs = rng.permutation(len(rows) // 8)[:max(1, many // len(sources) // 8)]
        parts.append(rows[(runs[:, None] * 8 + np.arange(8)).ravel()])
    found = np.concatenate(parts)
    order = rng.permutation(len(found) // 8)
    return found[(order[:, None] * 8 + np.arange(8)).ravel()]


def _asked(text: Corpus, o: SimpleNamespace, tests: bool, many: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Windows in mixed order, and the classes of their words."""
    rows = rng.permutation(np.flatnonzero(text.tests[o.asked] == tests))[:many]
    return text.windows[o.asked][rows], text.classes[o.asked][rows]
