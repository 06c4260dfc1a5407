"""A recurrent language model of bytes, trained on the same source files as the byte model, once, and kept.

One LSTM layer of width 128 over embeddings of 64, half as many weights as the byte model, and far less trained: 400
steps of 16 windows of 64 bytes, Adam at 5e-3, a cosine to a tenth of it, gradients cut at norm 1.
"""

from __future__ import annotations

import platform
import sys
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.engine.archives import decoded, reads
from methods.kit.stage import byte_models, lm_text
from methods.kit.stage.byte_models import SYMBOLS, TRAIN, windows
from methods.kit.stage.seeding import numpy_generator, seeded
from methods.kit.stage.sources import STDLIB
from methods.kit.stage.word_models import digest, schedule, weights_of

STEPS, BATCH, WINDOW, RATE = 400, 16, 64, 5e-3
State = tuple[Tensor, Tensor]


class Recurrent(nn.Module):
    """ids (B, T) -> logits (B, T, SYMBOLS) and the state after the last."""

    def __init__(self, width: int, embedded: int):
        super().__init__()
        self.embed, self.lstm = nn.Embedding(SYMBOLS, embedded), nn.LSTM(embedded, width, batch_first=True)
        self.out = nn.Linear(width, SYMBOLS)

    def forward(self, ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        h, state = self.lstm(self.embed(ids), state)
        return self.out(h), state


def blank(small: bool) -> Recurrent:
    with seeded(0, torch.device("cpu")):
        return Recurrent(24, 16) if small else Recurrent(128, 64)


@reads(STDLIB)
def recurrent(small: bool = False, on_progress=None) -> Recurrent:
    """The frozen model."""
    weights = _small() if small else decoded(
        f"recurrent-bytes-{platform.python_version()}", digest(byte_models, lm_text, sys.modules[__name__]), (),
        lambda: _made(False, on_progress), on_progress)
    net = blank(small)
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return net.requires_grad_(False)


@cache
def _small() -> dict[str, np.ndarray]:
    return _made(True)


def _made(small: bool, on_progress=None) -> dict[str, np.ndarray]:
    steps, drawn, net = 10 if small else STEPS, numpy_generator(0, "recurrent bytes"), blank(small)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            optimizer = torch.optim.Adam(net.parameters(), RATE)
            for step in range(steps):
                optimizer.param_groups[0]["lr"] = RATE * schedule(step, steps)
                read = windows(TRAIN, BATCH, drawn, small, WINDOW + 1)
                optimizer.zero_grad(set_to_none=True)
                F.cross_entropy(net(read[:, :-1])[0].flatten(0, 1), read[:, 1:].flatten()).backward()
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
                if on_progress and step % 20 == 0:
                    on_progress(step / steps, "training a recurrent model of bytes")
    finally:
        torch.set_num_threads(threads)
    return weights_of(net)
