"""What a method is given: words, and how they become units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.arenas.input_units.stage.net import BLOCKS, encoder, widest
from methods.arenas.input_units.stage.pieces import PAD
from methods.kit.lm_nets import Body


@dataclass(frozen=True)
class Batch:
    """Words of windows; their units (B, T), padded with PAD, and the place (B, words) of each word's last unit."""

    words: list[list[str]]
    ids: Tensor
    last: Tensor


class Task:
    """`words` are those of the text to learn from, in order; `allowed` is how many weights an encoder may have. `rng`
    is for the method's choices."""

    def __init__(self, data, trial):
        self.options, self.device = trial.options, trial.device
        self.windows = data.text
        self.allowed, self.rng, self.progress = trial.options.weights, trial.numpy("choice"), 0.0
        self._cut: dict[str, list[int]] = {}

    @property
    def words(self) -> list[str]:
        return [word for window in self.windows for word in window]

    def encoder(self, many: int, blocks: int = BLOCKS, spare: int = 0) -> Body:
        """As wide as the weights allow, less `spare` for what else the method needs."""
        return encoder(many, widest(many, self.allowed - spare, blocks), blocks).to(self.device)

    def batch(self, windows: list[list[str]], cut: Callable[[str], list[int]]) -> Batch:
        rows, last = [], []
        for window in windows:
            row: list[int] = []
            ends = []
            for word in window:
                if word not in self._cut:
                    self._cut[word] = cut(word)
                row += self._cut[word]
                ends.append(len(row) - 1)
            rows.append(row)
            last.append(ends)
        ids = np.full((len(rows), max(map(len, rows))), PAD)
        for i, row in enumerate(rows):
            ids[i, :len(row)] = row
        return Batch(windows, torch.from_numpy(ids).to(self.device), torch.tensor(last, device=self.device))
