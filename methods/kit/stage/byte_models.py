"""A small language model of bytes that has read source code, trained once on the standard library and kept.

A file of source code belongs by its name to training (70 %), validation or test, as in `lm_text`; windows never cross
files. The model is a causal body of `lm_nets` (four blocks, width 64, four heads of 16) that predicts each of 128
bytes, other bytes being one of them, from those before it in the window. AdamW (0.9, 0.98), decay 0.05, 5 % warm-up,
then a cosine to a tenth of the rate, gradients cut at norm 1; kept after `EARLY` steps, too. What is kept goes by a
digest of the code that made it.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from methods.kit import lm_nets
from methods.kit.engine.archives import decoded, reads
from methods.kit.lm_nets import Body, groups, nats
from methods.kit.stage import lm_text
from methods.kit.stage.lm_text import TEST, TRAIN, _stdlib_texts, part_of
from methods.kit.stage.seeding import numpy_generator, seeded
from methods.kit.stage.sources import STDLIB
from methods.kit.stage.word_models import digest, schedule, weights_of

SYMBOLS, LENGTH = 128, 128
STEPS, EARLY, BATCH, RATE = 3500, 200, 16, 4e-3
STAGES = ("untrained", "early", "trained")


@dataclass(frozen=True)
class File:
    """Its name, its bytes, each below SYMBOLS, and the part it belongs to."""

    name: str
    text: np.ndarray
    part: int


@reads(STDLIB)
@cache
def files(small: bool = False) -> tuple[File, ...]:
    """Source files longer than a window, by name; bytes that are not ASCII become 127."""
    found = [File(key, np.minimum(np.frombuffer(text.encode(), np.uint8), SYMBOLS - 1), part_of(key))
             for key, text, _ in _stdlib_texts(40 if small else None)]
    return tuple(file for file in found if len(file.text) > LENGTH)


def blank(small: bool = False) -> Body:
    """The model before it has read anything."""
    with seeded(0, torch.device("cpu")):
        return Body(SYMBOLS, 32, 2, 2) if small else Body(SYMBOLS, 64, 4, 4)


@reads(STDLIB)
def byte_model(stage: str = "trained", small: bool = False, on_progress=None) -> Body:
    """The frozen model at one of STAGES."""
    net = blank(small)
    if stage != "untrained":
        weights = _small() if small else decoded(
            f"byte-model-{platform.python_version()}", digest(lm_nets, lm_text, sys.modules[__name__]), (),
            lambda: _made(False, on_progress), on_progress)
        net.load_state_dict({name.removeprefix(f"{stage} "): torch.from_numpy(np.array(value))
                             for name, value in weights.items() if name.startswith(stage)})
    for p in net.parameters():
        p.requires_grad_(False)
    return net.eval()


@cache
def _small() -> dict[str, np.ndarray]:
    return _made(True)


def windows(part: int, many: int, drawn: np.random.Generator, small: bool = False, length: int = LENGTH + 1) -> Tensor:
    """(many, length) int64 windows from the files of a part, each byte of them as likely to begin one."""
    shelf = [file.text for file in files(small) if file.part == part and len(file.text) > length]
    starts = np.array([len(text) - length for text in shelf])
    of = drawn.choice(len(shelf), many, p=starts / starts.sum())
    at = (drawn.random(many) * starts[of]).astype(int)
    return torch.from_numpy(np.stack([shelf[i][j:j + length] for i, j in zip(of, at, strict=True)]).astype(np.int64))


def _made(small: bool, on_progress=None) -> dict[str, np.ndarray]:
    """One thread, one seed, so always the same."""
    steps, drawn, net, kept = STEPS // (175 if small else 1), numpy_generator(0, "byte model"), blank(small), {}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            optimizer = torch.optim.AdamW(groups(net, 0.05), RATE, betas=(0.9, 0.98))
            for step in range(steps):
                for group in optimizer.param_groups:
                    group["lr"] = RATE * schedule(step, steps)
                optimizer.zero_grad(set_to_none=True)
                nats(net, windows(TRAIN, BATCH, drawn, small)).mean().backward()
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
                if step + 1 == min(EARLY, steps // 2):
                    kept.update({f"early {name}": value for name, value in weights_of(net).items()})
                if on_progress and step % 20 == 0:
                    on_progress(step / steps, "training a language model of bytes")
    finally:
        torch.set_num_threads(threads)
    return {**kept, **{f"trained {name}": value for name, value in weights_of(net).items()}}


__all__ = ["LENGTH", "STAGES", "SYMBOLS", "TEST", "TRAIN", "File", "blank", "byte_model", "files", "windows"]
