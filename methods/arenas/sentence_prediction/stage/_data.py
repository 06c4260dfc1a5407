"""Sentences as vectors: verses of the Bible by the words in them, in their order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor

from methods.arenas.sentence_prediction.stage.task import CONTEXT
from methods.kit.engine.archives import decoded, read_members, reads
from methods.kit.stage.arena import Trial
from methods.kit.stage.data import STDLIB, stdlib_source
from methods.kit.stage.lm_text import TEST, TRAIN, VALIDATION, part_of
from methods.kit.stage.sources import BIBLE

SIZE, CANDIDATES = 64, 64


@dataclass(frozen=True)
class SentenceRuns:
    """Runs (N, 9, D) of sentences and what follows each (N, D); `test` (M, 8, D) with `candidates` (M, 64, D), of which
    the first follows, and `test_beyond` (M, D), what follows that."""

    runs: Tensor
    beyond: Tensor
    test: Tensor
    candidates: Tensor
    test_beyond: Tensor


def sentence_runs(trial: Trial) -> SentenceRuns:
    o, rng = trial.options, trial.numpy("runs")
    text = _small() if o.small else vectors(trial.progress)
    x, chapter, book, part = (np.asarray(text[name]) for name in ("x", "chapter", "book", "part"))
    asked = VALIDATION if getattr(o, "asked", "test") == "val" else TEST
    starts = np.flatnonzero(chapter[:-CONTEXT - 1] == chapter[CONTEXT + 1:])
    known = rng.permutation(starts[part[starts] == TRAIN])[:o.text]
    tests = rng.permutation(starts[part[starts] == asked])[:o.tests]
    others = np.empty((len(tests), CANDIDATES), np.int64)
    for i, at in enumerate(tests.tolist()):
        same = np.flatnonzero(book == book[at])
        others[i] = rng.choice(same[same != at + CONTEXT], CANDIDATES)
        others[i, 0] = at + CONTEXT
    mean, deviation = x[part == TRAIN].mean(0), x[part == TRAIN].std(0) + 1e-6

    def tensor(at: np.ndarray) -> Tensor:
        return torch.from_numpy(((x[at] - mean) / deviation).astype(np.float32)).to(trial.device)

    run = np.arange(CONTEXT + 1)
    return SentenceRuns(tensor(known[:, None] + run), tensor(known + CONTEXT + 1), tensor(tests[:, None] + run[:-1]),
                        tensor(others), tensor(tests + CONTEXT + 1))


@reads(BIBLE)
def vectors(on_progress=None) -> dict[str, np.ndarray]:
    """x (N, 64) of verses in their order, with chapter, book and part (N,)."""
    return decoded("verse-vectors", 1, (BIBLE,), _vectors, on_progress)


def _vectors(bible: Path) -> dict[str, np.ndarray]:
    (_, content), = read_members(bible, "*/data/corpus/douay-rheims.json")
    verses = json.loads(content)["verses"]
    return _numbers([(name.rsplit(".", 1)[0], said["text"]) for name, said in verses.items()], SIZE)


def _numbers(said: list[tuple[str, str]], size: int) -> dict[str, np.ndarray]:
    chapters = [chapter for chapter, _ in said]
    part = np.array([part_of(chapter) for chapter in chapters], np.int8)
    words = TfidfVectorizer(sublinear_tf=True, min_df=3, max_df=0.3)
    known = words.fit([text for (_, text), of in zip(said, part, strict=True) if of == TRAIN])
    counts = known.transform([text for _, text in said])
    fit = TruncatedSVD(size, random_state=0).fit(counts[part == TRAIN])
    return {"x": fit.transform(counts).astype(np.float32), "part": part,
            "chapter": np.unique(chapters, return_inverse=True)[1].astype(np.int32),
            "book": np.unique([chapter.split(".")[0] for chapter in chapters], return_inverse=True)[1].astype(np.int32)}


@cache
def _small() -> dict[str, np.ndarray]:
    lines = [line for line in bytes(stdlib_source(60_000)).decode("utf-8", "replace").split("\n") if len(line) > 20]
    found = _numbers([(f"b{i // 80}.{i // 20}", line) for i, line in enumerate(lines[:800])], 16)
    return {**found, "part": np.where(found["chapter"] % 3 == 0, TEST, TRAIN)}


__all__ = ["BIBLE", "STDLIB", "SentenceRuns", "sentence_runs", "vectors"]
