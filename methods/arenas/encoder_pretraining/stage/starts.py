"""An encoder that has guessed hidden words for a while: trained once in three worlds, and kept."""

from __future__ import annotations

import sys
from functools import cache
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.encoder_pretraining.stage import net as nets
from methods.arenas.encoder_pretraining.stage.net import Encoder
from methods.kit.engine.archives import decoded, reads
from methods.kit.stage import encoder_text
from methods.kit.stage.encoder_text import BIBLE, BROWN, PASSAGE, shelf
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.stage.word_models import digest, train
from methods.kit.stage.word_text import MASK

WORLDS, BATCH, SHARE = 3, 32, 0.4


def blank(words: int, o: SimpleNamespace, seed: int, causal: bool = False, width: float = 1,
          blocks: int = 0) -> Encoder:
    """An encoder that has read nothing."""
    wide = int(o.width * width) // 4 * 4
    with seeded(seed, torch.device("cpu")):
        return Encoder(words, wide, blocks or o.blocks, 4, PASSAGE, causal)


@reads(BROWN, BIBLE)
def warm(o: SimpleNamespace, seed: int, on_progress=None) -> dict[str, Tensor]:
    """Weights after `o.read` steps on windows of Brown that are not for tests."""
    world = seed % WORLDS
    if not o.read:
        return {}
    if o.small:
        found = _small(o.width, o.blocks, o.read, world)
    else:
        found = decoded(f"encoder-start-{o.width}-{o.blocks}-{o.read}-{world}",
                        digest(nets, encoder_text, sys.modules[__name__]), (BROWN, BIBLE),
                        lambda *_: _made(o, world, on_progress), on_progress)
    return {name: torch.from_numpy(np.array(value)) for name, value in found.items()}


@cache
def _small(width: int, blocks: int, read: int, world: int) -> dict[str, np.ndarray]:
    return _made(SimpleNamespace(small=True, width=width, blocks=blocks, read=read), world)


def _made(o: SimpleNamespace, world: int, on_progress=None) -> dict[str, np.ndarray]:
    text = shelf(o.small, on_progress)
    windows = torch.from_numpy(np.array(text.words[~text.tests], np.int64))
    net, drawn = blank(text.vocabulary, o, world), torch_generator(world, "encoder start")

    def loss(rows: Tensor) -> Tensor:
        ids = windows[rows]
        hidden = torch.rand(ids.shape, generator=drawn) < SHARE
        return F.cross_entropy(net.guess(net(ids.masked_fill(hidden, MASK))[hidden]), ids[hidden])

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            train(net.parameters(), loss, len(windows), BATCH, o.read, 4e-3, drawn, on_progress)
    finally:
        torch.set_num_threads(threads)
    return {name: value.detach().numpy().copy() for name, value in net.state_dict().items()}
