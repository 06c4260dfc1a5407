"""Prompts cut from reviews at any byte, and the byte that follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.arenas.byte_probabilities.stage.token_models import KINDS, TEST, Kept, model, reviews
from methods.arenas.byte_probabilities.stage.vocabularies import FIRST
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.lm_text import part_of

_PLAIN = bytes(byte if FIRST <= byte < 127 else 63 for byte in range(256))


@dataclass(frozen=True)
class Prompts:
    """Prompts, the byte (N,) that follows each, from 0 on, and by vocabulary how many of the prompt's last bytes belong
    to a token that goes on behind it, 0 where a token ends with it."""

    prompts: list[bytes]
    follows: Tensor
    begins: dict[int, list[int]]


def cut_prompts(trial: Trial) -> Prompts:
    o, rng = trial.options, trial.numpy("prompts")
    models = [model(kind, o.small, trial.progress) for kind in KINDS]
    texts = [text for text in (reviews(TEST, True) if o.small else _asked(trial)) if len(text) > 2 * o.longest]
    prompts: list[bytes] = []
    follows: list[int] = []
    begins: dict[int, list[int]] = {at: [] for at in range(len(models))}
    while len(prompts) < o.prompts:
        text = texts[int(rng.integers(len(texts)))]
        at = int(rng.integers(o.longest, len(text)))
        begin = text.find(b" ", at - o.longest, at)
        prompt = text[begin:at]
        if begin < 0 or b" " not in prompt[1:]:
            continue
        end = text.find(b" ", at)
        whole = text[begin:end if end > 0 else len(text)]
        prompts.append(prompt)
        follows.append(text[at] - FIRST)
        for number, kept in enumerate(models):
            begins[number].append(_begun(kept, whole, len(prompt)))
    return Prompts(prompts, torch.tensor(follows), begins)


def _asked(trial: Trial) -> list[bytes]:
    """The first 2,000 reviews for the test, as `reviews` gives them."""
    every, _, sites = datasets.movie_reviews(trial.progress)
    found: list[bytes] = []
    for i, row in enumerate(np.flatnonzero(sites == 0)):
        if part_of(f"review {i}") == TEST:
            found.append(b" " + " ".join(every[row].split()).encode("ascii", "replace").translate(_PLAIN))
        if len(found) == 2000:
            break
    return found


def _begun(kept: Kept, whole: bytes, cut: int) -> int:
    """How many bytes before the cut the token that lies across it begins."""
    at = 0
    for token in kept.vocabulary.encode(whole):
        end = at + len(kept.vocabulary.tokens[token])
        if end > cut:
            return cut - at
        at = end
    return 0
