"""Small language models of whole words, trained once on the text that is not for tests, and kept.

A reader guesses hidden words (15 %), a writer the next one. AdamW (0.9, 0.98), decay 0.05, 5 % warm-up, then a cosine
to a tenth of the rate, gradients cut at norm 1. What is kept goes by a digest of the code that made it.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import math
import sys
from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit import word_nets
from methods.kit.engine.archives import decoded, reads
from methods.kit.stage import word_text
from methods.kit.stage.data import BROWN
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.stage.word_text import CLASSES, LENGTH, MASK, shelf
from methods.kit.word_nets import WordNet, masked_loss

# width, blocks, steps and rate of each kind
KINDS = {"student": (48, 1, 600, 6e-3), "teacher": (128, 3, 1500, 3e-3), "writer": (48, 2, 900, 6e-3)}
BATCH = 32


def blank(kind: str, vocabulary: int, small: bool) -> WordNet:
    """A model of a kind before it has read anything."""
    width, blocks, _, _ = KINDS[kind]
    return WordNet(vocabulary, width // 4 if small else width, blocks, len(CLASSES), LENGTH, causal=kind == "writer")


@reads(BROWN)
def reader(kind: str, small: bool = False, on_progress=None) -> WordNet:
    """The model of a kind, trained."""
    if small:
        weights = _small(kind)
    else:
        weights = decoded(f"word-model-{kind}", digest(word_nets, word_text, sys.modules[__name__]), (BROWN,),
                          lambda *_: _made(kind, False, on_progress), on_progress)
    with seeded(0, torch.device("cpu")):
        net = blank(kind, shelf(small, on_progress).vocabulary, small)
    return load(net, weights)


@cache
def _small(kind: str) -> dict[str, np.ndarray]:
    return _made(kind, True)


def _made(kind: str, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    text, (_, _, steps, rate) = shelf(small, on_progress), KINDS[kind]
    windows = torch.from_numpy(np.array(text.words[~text.tests], np.int64))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad(), seeded(0, torch.device("cpu")):
            net, drawn = blank(kind, text.vocabulary, small), torch_generator(0, f"word model {kind}")
            loss = next_word_loss if kind == "writer" else lambda net, ids: masked_loss(net, ids, MASK, drawn)
            train(net.parameters(), lambda rows: loss(net, windows[rows]), len(windows), BATCH, steps // (50 if small
                  else 1), rate, drawn, on_progress)
    finally:
        torch.set_num_threads(threads)
    return weights_of(net)


def next_word_loss(net: WordNet, ids: Tensor) -> Tensor:
    """Mean nats of each next word."""
    return F.cross_entropy(net.words(net.read(ids[:, :-1]).last).flatten(0, 1), ids[:, 1:].flatten())


def train(parameters: Iterable[Tensor], loss: Callable[[Tensor], Tensor], rows: int, batch: int, steps: int,
          rate: float, drawn: torch.Generator, on_progress=None) -> None:
    """Steps on batches of rows, drawn anew at each turn through them."""
    kept = list(parameters)
    optimizer, order = torch.optim.AdamW(kept, rate, betas=(0.9, 0.98), weight_decay=0.05), torch.empty(0)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * schedule(step, steps)
        if len(order) < min(batch, rows):
            order = torch.randperm(rows, generator=drawn)
        value = loss(order[:batch])
        order = order[batch:]
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(kept, 1.0)
        optimizer.step()
        if on_progress and step % 20 == 0:
            on_progress(step / steps, "training a language model")


def schedule(step: int, steps: int) -> float:
    """Share of the rate: 5 % warm-up, then a cosine to a tenth."""
    return min(1, (step + 1) / (0.05 * steps)) * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def weights_of(net: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy().copy() for name, value in net.state_dict().items()}


def load(net: WordNet, weights: dict[str, np.ndarray]) -> WordNet:
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return net


def digest(*modules) -> int:
    """Of the code of modules, without what is said about it."""
    parsed = [ast.parse(inspect.getsource(module)) for module in modules]
    for node in (node for tree in parsed for node in ast.walk(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return int.from_bytes(hashlib.sha256("".join(map(ast.dump, parsed)).encode()).digest()[:4], "big")
