"""Which windows have labels, which none, which are asked, and the teachers that have learnt from the labels."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit import word_nets
from methods.kit.engine.archives import decoded
from methods.kit.stage import word_models, word_text
from methods.kit.stage.arena import Trial
from methods.kit.stage.data import BROWN
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.word_nets import WordNet

WORLDS = 5
LABELLED, POOL = 100, 4000          # windows with labels, windows without of each kind of text
STEPS, RATE = 150, 2e-3             # in which a teacher learns from the labels


@dataclass(frozen=True)
class LanguageData:
    """Words (N, T), classes and the teacher's logits; `large` is the teacher before it saw labels, `start` the weights
    of the small language model."""

    labelled: Tensor
    labels: Tensor
    text: Tensor
    told: Tensor
    truth: Tensor
    test: Tensor
    test_labels: Tensor
    test_told: Tensor
    teacher: WordNet
    large: WordNet
    start: dict[str, Tensor]
    vocabulary: int


def language_data(trial: Trial) -> LanguageData:
    o, rng, to = trial.options, trial.numpy("split"), trial.device
    text, world = word_text.shelf(o.small, trial.progress), trial.seed % WORLDS
    labelled, pool, asked = rows_of(world, o.small)
    arrays = taught(world, o.small, trial.progress)
    with seeded(0, torch.device("cpu")):
        teacher = word_models.blank("teacher", text.vocabulary, o.small)
    word_models.load(teacher, {name: value for name, value in arrays.items() if not name.startswith("told")})
    chosen = np.flatnonzero(text.stories[pool] == (o.text == "stories"))
    chosen = np.sort(rng.permutation(chosen)[:o.windows])
    questions = np.sort(rng.permutation(len(asked))[:o.tests])

    def read(values: np.ndarray, rows: np.ndarray, kind=np.int64) -> Tensor:
        return torch.from_numpy(np.array(values[rows], kind)).to(to)

    start = word_models.reader("student", o.small, trial.progress).state_dict()
    return LanguageData(
        read(text.words, labelled), read(text.classes, labelled), read(text.words, pool[chosen]),
        read(arrays["told"], chosen, np.float32), read(text.classes, pool[chosen]),
        read(text.words, asked[questions]), read(text.classes, asked[questions]),
        read(arrays["told_tests"], questions, np.float32), teacher.to(to).eval().requires_grad_(False),
        word_models.reader("teacher", o.small, trial.progress).to(to).eval().requires_grad_(False), dict(start),
        text.vocabulary)


@cache
def rows_of(world: int, small: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows with labels, of no stories; windows without, of both kinds; windows that may be asked, of no stories."""
    text, rng = word_text.shelf(small), np.random.default_rng(world)
    few, many, asked = (20, 60, 60) if small else (LABELLED, POOL, POOL)
    fixed = np.random.default_rng(0)
    told, stories = (fixed.permutation(np.flatnonzero(~text.tests & (text.stories == kind))) for kind in (False, True))
    tests = np.sort(fixed.permutation(np.flatnonzero(text.tests & ~text.stories))[:asked])
    pool = np.sort(np.concatenate([told[:many], stories[:many]]))
    return rng.permutation(told[many:])[:few], pool, tests


def taught(world: int, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    """Weights of the world's teacher, and its logits of the pool and of what may be asked."""
    if small:
        return _small(world)
    digest = word_models.digest(word_nets, word_text, word_models, sys.modules[__name__])
    return decoded(f"word-teacher-{world}", digest, (BROWN,), lambda *_: _made(world, False, on_progress), on_progress)


@cache
def _small(world: int) -> dict[str, np.ndarray]:
    return _made(world, True)


def _made(world: int, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    net = word_models.reader("teacher", small, on_progress)
    text, (labelled, pool, asked) = word_text.shelf(small), rows_of(world, small)
    ids, classes = (torch.from_numpy(np.array(part[labelled], np.int64)) for part in (text.words, text.classes))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            word_models.train(net.parameters(), lambda rows: F.cross_entropy(
                net(ids[rows]).flatten(0, 1), classes[rows].flatten()), len(ids), 16, STEPS // (10 if small else 1),
                RATE, torch_generator(world, "teacher's labels"), on_progress)
        with torch.no_grad():
            told, tests = (torch.cat([net(torch.from_numpy(np.array(part, np.int64))).half() for part in
                                      np.array_split(text.words[rows], max(1, len(rows) // 200))]).numpy()
                           for rows in (pool, asked))
    finally:
        torch.set_num_threads(threads)
    return word_models.weights_of(net) | {"told": told, "told_tests": tests}
