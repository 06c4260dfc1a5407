"""An encoder that has guessed hidden words of general text: trained once in three worlds, and kept."""

from __future__ import annotations

import sys
from functools import cache
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from methods.arenas.masked_adaptation.stage import _text
from methods.kit import word_nets
from methods.kit.engine.archives import decoded, reads
from methods.kit.stage.data import BROWN, STDLIB
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.stage.sources import BIBLE
from methods.kit.stage.word_models import digest, train, weights_of
from methods.kit.stage.word_text import MASK
from methods.kit.word_nets import WordNet, masked_loss

WORLDS, BATCH, RATE, TEST_FILES = 3, 16, 4e-3, 5


def blank(words: int, width: int, classes: int, seed: int, blocks: int = 2) -> WordNet:
    """An encoder that has read nothing."""
    with seeded(seed, torch.device("cpu")):
        return WordNet(words, width, blocks, classes, _text.LONG)


@reads(BROWN, BIBLE, STDLIB)
def warm(o: SimpleNamespace, seed: int, on_progress=None) -> dict[str, Tensor]:
    """Weights, but the head's, after `o.read` steps on the Bible, or on code of functions with other names."""
    world = seed % WORLDS
    if o.small:
        found = _small(o.kind == "code", o.width, o.read, world)
    else:
        what = "code" if o.kind == "code" else "text"
        found = decoded(f"adaptation-start-{what}-{o.width}-{o.read}-{world}",
                        digest(word_nets, _text, sys.modules[__name__]), (BROWN, BIBLE),
                        lambda *_: _made(o.kind == "code", False, o.width, o.read, world, on_progress), on_progress)
    return {name: torch.from_numpy(np.array(value)) for name, value in found.items() if not name.startswith("head")}


@cache
def _small(code: bool, width: int, read: int, world: int) -> dict[str, np.ndarray]:
    return _made(code, True, width, read, world)


def _made(code: bool, small: bool, width: int, read: int, world: int, on_progress=None) -> dict[str, np.ndarray]:
    if code:
        text = _text.functions(small, on_progress)
        rows, words = text["free"][text["free_file"] % TEST_FILES > 0], int(text["size"][0])
    else:
        shelf = _text.shelf(small, on_progress)
        rows, words = shelf["fold"][shelf["general"]], int(shelf["known"][0])
    windows, drawn = torch.from_numpy(np.array(rows, np.int64)), torch_generator(world, "adaptation start")
    net, threads = blank(words, width, 2, world), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            train(net.parameters(), lambda at: masked_loss(net, windows[at], MASK, drawn, 0.3), len(windows), BATCH,
                  read, RATE, drawn, on_progress)
    finally:
        torch.set_num_threads(threads)
    return weights_of(net)
