"""Rewritten functions as arrays, which of them train and which are asked, and a model that has read code."""

from __future__ import annotations

import platform
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from methods.arenas.contrastive_text.stage import _rewrites
from methods.arenas.contrastive_text.stage._rewrites import LENGTH, MASK, PAD, VOCABULARY
from methods.kit import word_nets
from methods.kit.engine.archives import decoded
from methods.kit.stage import word_models
from methods.kit.stage.arena import Trial
from methods.kit.stage.data import _stdlib_files
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.word_nets import WordNet, masked_loss

COPIES = 3              # of each kind of rewriting, for training
TOTAL, TAUGHT = 2600, 1400      # functions; of these for training, the other files are asked
STEPS, RATE, BATCH, WIDTH = 500, 5e-3, 32, 48


@dataclass(frozen=True)
class RewriteData:
    """Tokens (N, T) of functions, and COPIES rewritings of each (COPIES, N, T) of every kind; `start` are weights of a
    model that has guessed hidden tokens. Asked are `test` functions, and of each a version with other names, one by
    laws of logic and one that means something else."""

    text: Tensor
    kinds: dict[str, Tensor]
    test: Tensor
    test_kinds: dict[str, Tensor]
    start: dict[str, Tensor]


def rewrite_data(trial: Trial) -> RewriteData:
    o, rng = trial.options, trial.numpy("split")
    arrays = _small() if o.small else decoded(
        f"rewrites-{platform.python_version()}", word_models.digest(_rewrites, word_nets, word_models,
                                                                    sys.modules[__name__]),
        (), lambda *_: _made(TOTAL, TAUGHT, trial.progress), trial.progress)
    taught = len(arrays["text"])
    rows, asked = rng.permutation(taught)[:o.functions], rng.permutation(len(arrays["test"]))[:o.tests]

    def read(values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(values, np.int64)).to(trial.device)

    kinds = {name: read(arrays[f"train_{name}"][:, rows]) for name in ("names", "padding", "law", "broken")}
    tests = {name: read(arrays[f"test_{name}"][asked]) for name in ("names", "law", "broken")}
    start = {name[6:]: torch.from_numpy(np.array(arrays[name])) for name in arrays if name.startswith("model_")}
    return RewriteData(read(arrays["text"][rows]), kinds, read(arrays["test"][asked]), tests, start)


def blank() -> WordNet:
    return WordNet(VOCABULARY, WIDTH, 1, 2, LENGTH)


@cache
def _small() -> dict[str, np.ndarray]:
    return _made(90, 50, None, files=40, steps=8)


def _made(total: int, taught: int, on_progress, files: int | None = None, steps: int = STEPS) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    found = []
    for tree in _rewrites.functions(_stdlib_files(Path(sysconfig.get_path("stdlib")))[:files]):
        law, other = _rewrites.by_law(tree, rng), _rewrites.broken(tree, rng)
        if law is not None and other is not None:
            found.append((tree, law, other))
    step = max(1, len(found) // total)
    found = found[::step][:total]                       # neighbours, of one file, stay on one side
    train, test = found[:taught], found[taught:]
    arrays = {"text": _rows([tree for tree, _, _ in train]), "test": _rows([tree for tree, _, _ in test]),
              "test_names": _rows([_rewrites.renamed(tree, _rewrites.TEST_NAMES, rng) for tree, _, _ in test]),
              "test_law": _rows([law for _, law, _ in test]), "test_broken": _rows([other for _, _, other in test])}
    makers = {"names": lambda tree: _rewrites.renamed(tree, _rewrites.TRAIN_NAMES, rng),
              "padding": lambda tree: _rewrites.padded(tree, rng),
              "law": lambda tree: _rewrites.by_law(tree, rng) or tree,
              "broken": lambda tree: _rewrites.broken(tree, rng)}
    for name, make in makers.items():
        arrays[f"train_{name}"] = np.stack([_rows([make(tree) for tree, _, _ in train]) for _ in range(COPIES)])
    return arrays | {f"model_{name}": value for name, value in _model(arrays["text"], steps, on_progress).items()}


def _rows(trees: list) -> np.ndarray:
    rows = np.full((len(trees), LENGTH), PAD, np.int16)
    for row, tree in zip(rows, trees, strict=True):
        said = _rewrites.numbers(tree)
        row[:len(said)] = said
    return rows


def _model(text: np.ndarray, steps: int, on_progress) -> dict[str, np.ndarray]:
    ids, threads = torch.from_numpy(text.astype(np.int64)), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad(), seeded(0, torch.device("cpu")):
            net, drawn = blank(), torch_generator(0, "model of code")
            word_models.train(net.parameters(), lambda rows: masked_loss(net, ids[rows], MASK, drawn), len(ids), BATCH,
                              steps, RATE, drawn, on_progress)
    finally:
        torch.set_num_threads(threads)
    return word_models.weights_of(net)
