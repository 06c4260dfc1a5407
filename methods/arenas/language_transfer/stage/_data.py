"""English text, text of another language, and what of that is asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.kit.stage.arena import Trial
from methods.kit.stage.corpora_text import corpus
from methods.kit.stage.corpora_units import Stream, Units

ENGLISH = ("fiction", "reviews", "news", "bible-en")


@dataclass(frozen=True)
class TransferData:
    """Units of the English and of the other text, the running `english`, `other` and `test` text in rows (N, T), the
    words (N, T) their units are of, and how many bytes each unit of the other language stands for."""

    english: tuple[Tensor, Tensor]
    other: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    hidden: Tensor
    sizes: Tensor
    pieces: tuple[int, int]


def transfer_data(trial: Trial) -> TransferData:
    o, rng = trial.options, trial.numpy("text")
    text = corpus(o.small, trial.progress)

    def some(sources: tuple[str, ...], tests: bool, many: int) -> Tensor:
        rows = np.concatenate([_runs(text.windows[name][text.tests[name] == tests], many // len(sources), rng)
                               for name in sources])
        return torch.from_numpy(rows.astype(np.int64))

    english, other, test = some(ENGLISH, False, o.read), some((o.language,), False, round(o.share * o.many)), \
        some((o.language,), True, o.tests)
    first, second = (Units(words, text.spelled, str, 512, True) for words in (english, other))
    asked = _rows(second.stream(test), o.length)
    lots = torch.rand(asked[0].shape, generator=trial.generator("asked"))
    device = trial.device
    return TransferData(
        tuple(rows.to(device) for rows in _rows(first.stream(english), o.length)),  # type: ignore[arg-type]  # two
        tuple(rows.to(device) for rows in _rows(second.stream(other), o.length)),   # type: ignore[arg-type]  # two
        tuple(rows.to(device) for rows in asked),                                   # type: ignore[arg-type]  # two
        (lots.gather(1, asked[1] - asked[1][:, :1]) < 0.15).to(device), second.sizes().to(device),
        (first.pieces, second.pieces))


def _runs(windows: np.ndarray, many: int, rng: np.random.Generator) -> np.ndarray:
    """Windows in runs of eight that follow each other, or all there are."""
    runs = rng.permutation(len(windows) // 8)[:max(1, many // 8)]
    return windows[(runs[:, None] * 8 + np.arange(8)).ravel()]


def _rows(text: Stream, length: int) -> tuple[Tensor, Tensor]:
    many = len(text.ids) // length
    return text.ids[:many * length].view(many, length), text.of[:many * length].view(many, length)
