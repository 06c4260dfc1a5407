"""What is read and what is asked: windows of eight sources, pairs of verses, sentences with one word changed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from methods.kit.engine.archives import decoded, read_members, reads
from methods.kit.stage.arena import Trial
from methods.kit.stage.lm_starts import start
from methods.kit.stage.lm_text import NAMES, PIECES, TEST, TRAIN, VALIDATION, library, part_of
from methods.kit.stage.sources import BIBLE

HALF = 33               # pieces of a window; the first is given
SAID = 32               # pieces of a verse in a pair
SWAPS = {"is": "are", "are": "is", "was": "were", "were": "was", "has": "have", "have": "has", "this": "these",
         "these": "this", "that": "those", "those": "that", "a": "an", "an": "a"}
_VERSIONS = (("douay-rheims", 1), ("matos-soares", 4))       # and the piece of the language
PROSE = ("fiction", "bible-en", "reviews", "news")


@dataclass(frozen=True)
class CausalData:
    """Windows (N, 33), sources (N,); see `Task`. `right` and `wrong` are sentences (K, L) with one word changed in
    `wrong`; only the first pieces, so many as `lengths` (K, 2) say, are counted. `start` are weights that have read."""

    text: Tensor
    source: Tensor
    domain: Tensor
    pairs: Tensor
    valid: Tensor
    valid_source: Tensor
    valid_pairs: Tensor
    test: Tensor
    test_source: Tensor
    test_pairs: Tensor
    right: Tensor
    wrong: Tensor
    lengths: Tensor
    sizes: Tensor
    start: dict[str, Tensor]
    pieces: int


def causal_data(trial: Trial) -> CausalData:
    o, rng = trial.options, trial.numpy("text")
    books = library(o.small, trial.progress)
    parts = {"train": TRAIN, "valid": VALIDATION, "test": VALIDATION if getattr(o, "asked", "test") == "val" else TEST}

    def halves(name: str, part: str, many: int) -> np.ndarray:
        shelf = books.shelves[name]
        rows = rng.permutation(shelf.rows(parts[part]))[:(many + 1) // 2]
        windows = shelf.windows[rows]
        return np.concatenate([windows[:, :HALF], windows[:, -HALF:]])[:many]

    def some(names: tuple[str, ...], part: str, many: int) -> tuple[Tensor, Tensor]:
        found = [halves(name, part, many // len(names)) for name in names]
        of = [np.full(len(each), NAMES.index(name)) for name, each in zip(names, found, strict=True)]
        return tensor(np.concatenate(found)), tensor(np.concatenate(of))

    def tensor(values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(values, np.int64)).to(trial.device)

    text, source = some(o.names, "train", o.text)
    valid, valid_source = some(o.names, "valid", o.valid)
    test, test_source = some(o.asked_of, "test", o.tests)
    domain = some(o.asked_of, "train", o.domain)[0] if o.domain else text[:0]
    both = pairs(o.small, trial.progress) if o.parallel else None
    cut = {part: tensor(rng.permutation(both[part])[:many]) if both else torch.zeros(0, 66, dtype=torch.long)
           for part, many in (("train", o.text), ("valid", o.valid), ("test", o.tests))}
    changed = sentences(books.cutter, np.concatenate([halves(name, "test", 4 * o.sentences) for name in PROSE]),
                        o.sentences)
    weights = start(o.read_of, o.size, o.read, trial.seed, o.small, trial.progress).state_dict() if o.read else {}
    return CausalData(text, source, domain, cut["train"].to(trial.device), valid, valid_source,
                      cut["valid"].to(trial.device), test, test_source, cut["test"].to(trial.device),
                      *(tensor(each) for each in changed), tensor(books.sizes),
                      {name: value.to(trial.device) for name, value in weights.items()}, PIECES)


def sentences(cutter: str, windows: np.ndarray, many: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """So many windows with a word that can be changed, the same with it changed, and their lengths. Of two words that
    are exchanged each is changed into the other equally often, so how frequent they are tells nothing."""
    cut = Tokenizer.from_str(cutter)
    by_word: dict[str, list[tuple[list[int], list[int]]]] = {word: [] for word in SWAPS}
    for text in cut.decode_batch(windows.tolist()):
        places = [m for m in re.finditer(r"(?<= )[a-z]+(?= )", text[8:]) if m.group() in SWAPS]
        if places:
            at = places[len(places) // 2]
            other = text[:8 + at.start()] + SWAPS[at.group()] + text[8 + at.end():]
            by_word[at.group()].append((cut.encode(text).ids, cut.encode(other).ids))
    found = [pair for word, pairs in by_word.items() for pair in pairs[:min(len(pairs), len(by_word[SWAPS[word]]))]]
    found = [found[i] for i in np.random.default_rng(0).permutation(len(found))[:many]]
    longest = max(len(ids) for both in found for ids in both)
    filled = [np.array([both[i] + [0] * (longest - len(both[i])) for both in found]) for i in (0, 1)]
    return filled[0], filled[1], np.array([[len(a), len(b)] for a, b in found])


@reads(BIBLE)
def pairs(small: bool = False, on_progress=None) -> dict[str, np.ndarray]:
    """(K, 66) beginnings of verses in two languages by part, each behind the piece of its language."""
    if small:
        return _small_pairs()
    return decoded("verse-pairs", 1, (BIBLE,), _pairs, on_progress)


@cache
def _small_pairs() -> dict[str, np.ndarray]:
    shelf = library(True).shelves["code"].windows
    row = np.concatenate([np.full((len(shelf), 1), 1), shelf[:, :SAID], np.full((len(shelf), 1), 4),
                          shelf[:, :SAID]], 1).astype(np.int16)
    return {"train": row[:40], "valid": row[40:60], "test": row[60:80]}


def _pairs(bible: Path) -> dict[str, np.ndarray]:
    cut = Tokenizer.from_str(library().cutter)
    said: list[dict[str, list[int]]] = []
    for version, _ in _VERSIONS:
        (_, content), = read_members(bible, f"*/data/corpus/{version}.json")
        verses = {name: verse["text"] for name, verse in json.loads(content)["verses"].items()}
        said.append(dict(zip(verses, (each.ids for each in cut.encode_batch(list(verses.values()))), strict=True)))
    rows: dict[str, list[list[int]]] = {"train": [], "valid": [], "test": []}
    for name in said[0]:
        if name in said[1] and min(len(each[name]) for each in said) >= SAID:
            row = [piece for each, (_, tag) in zip(said, _VERSIONS, strict=True) for piece in [tag, *each[name][:SAID]]]
            rows[("train", "valid", "test")[part_of(name.rsplit(".", 1)[0])]].append(row)
    return {part: np.array(each, np.int16) for part, each in rows.items()}
