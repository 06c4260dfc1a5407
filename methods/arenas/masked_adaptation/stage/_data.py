"""What an encoder may read before it meets its task, the few labels, and what is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from methods.arenas.masked_adaptation.stage._text import PAD, VERBS, functions, shelf
from methods.arenas.masked_adaptation.stage.starts import TEST_FILES, warm
from methods.kit.stage.arena import Trial
from methods.kit.stage.data import BROWN_GENRES
from methods.kit.stage.word_text import CLASSES, RESERVED

KINDS = {"news": 0, "editorial": 0, "reviews": 0, "religion": 1, "hobbies": 2, "lore": 2, "belles lettres": 2,
         "government": 3, "learned": 3}         # of passages; all other genres are stories
PASSAGE_KINDS, TASK, PIECE = 5, "learned", 64


@dataclass(frozen=True)
class AdaptationData:
    """Windows of words: `domain` (N, T) with its `documents` and `genres` (N,), `own` of the task's own text,
    `general` text that the start has read, text from `elsewhere`; `labelled` with `classes` (n, T) or (n,), `told`
    for upper bounds, `test`. `more` is what one setting has besides. Numbers beyond `known` are words that the start
    does not know; fold[number] is what it reads instead. `start` are the start's weights."""

    domain: Tensor
    documents: Tensor
    genres: Tensor
    own: Tensor
    general: Tensor
    elsewhere: Tensor
    labelled: Tensor
    classes: Tensor
    told: Tensor
    told_classes: Tensor
    test: Tensor
    test_classes: Tensor
    fold: Tensor
    known: Tensor
    kinds: Tensor
    start: dict[str, Tensor]
    more: dict[str, Tensor]


def adaptation_data(trial: Trial) -> AdaptationData:
    o = trial.options
    arrays = (_code if o.kind == "code" else _text)(trial)
    start = {name: value.to(trial.device) for name, value in warm(o, trial.seed, trial.progress).items()}
    more = {name[5:]: _tensor(arrays.pop(name), trial) for name in list(arrays) if name.startswith("more_")}
    data = AdaptationData(**{name: _tensor(value, trial) for name, value in arrays.items()}, start=start, more=more)
    return ciphered(data, trial) if o.kind == "language" else data


def _tensor(values: np.ndarray, trial: Trial) -> Tensor:
    return torch.from_numpy(np.array(values, np.int64)).to(trial.device)


def _text(trial: Trial) -> dict[str, np.ndarray]:
    o, rng, s = trial.options, trial.numpy("text"), shelf(trial.options.small, trial.progress)
    words, classes, genre, stretch, tests = (s[name] for name in ("words", "classes", "genre", "stretch", "tests"))
    if o.kind == "passages":
        of = np.array([KINDS.get(name, PASSAGE_KINDS - 1) for name in BROWN_GENRES.values()])
        rows = np.arange(len(words) // o.parts) * o.parts
        rows = rows[(stretch[rows] == stretch[rows + o.parts - 1]) & (genre[rows] == genre[rows + o.parts - 1])]
        words = words[rows[:, None] + np.arange(o.parts)].reshape(len(rows), -1)
        genre, stretch, tests = genre[rows], stretch[rows], tests[rows]
        classes = of[genre]
        ours = np.ones(len(rows), bool)
    else:
        ours = (genre == list(BROWN_GENRES.values()).index(TASK)) | o.small
    # two thirds of the test stretches are for tests, the rest for validation
    asked = tests & ((stretch % 3 == 0) == (getattr(o, "asked", "test") == "val"))
    free = rng.permutation(np.flatnonzero(~tests))
    mine, test = free[ours[free]], rng.permutation(np.flatnonzero(asked & ours))[:o.tests]
    if o.kind == "passages":
        first = np.concatenate([mine[classes[mine] == c][:o.shots] for c in range(PASSAGE_KINDS)])
    else:
        first = mine[:o.labelled]
    share = 2 if o.kind == "passages" else 1        # passages are long: of the domain half as many, of own text twice
    own = np.concatenate([first, mine[~np.isin(mine, first)][:share * o.own - len(first)]])
    rest = free[~np.isin(free, own)]
    domain, told = rest[:o.domain // share], mine[~np.isin(mine, own)][:o.told]
    general, elsewhere = rng.permutation(len(s["general"]))[:o.domain], rng.permutation(len(s["elsewhere"]))[:o.domain]
    more = {}
    if o.kind == "language":
        spare = rest[o.domain:]
        more = {"more_translated": words[spare[:o.domain]], "more_foreign": words[spare[-o.domain:]],
                "more_related": words[spare[:o.related]], "more_related_classes": classes[spare[:o.related]]}
    seen = np.bincount(s["fold"][words[domain]].ravel(), minlength=len(s["fold"]))
    return {"domain": words[domain], "documents": stretch[domain], "genres": genre[domain], "own": words[own],
            "general": s["general"][general], "elsewhere": s["elsewhere"][elsewhere], "labelled": words[first],
            "classes": classes[first], "told": words[told], "told_classes": classes[told], "test": words[test],
            "test_classes": classes[test], "fold": s["fold"], "known": s["known"], "kinds": seen, **more}


def _code(trial: Trial) -> dict[str, np.ndarray]:
    o, rng, s = trial.options, trial.numpy("code"), functions(trial.options.small, trial.progress)
    held = s["file"] % TEST_FILES == 0
    free, test = rng.permutation(np.flatnonzero(~held)), rng.permutation(np.flatnonzero(held))[:o.tests]
    first = np.concatenate([free[s["verb"][free] == c][:o.shots] for c in range(VERBS)])
    rest = free[~np.isin(free, first)]
    domain = rng.permutation(np.flatnonzero(s["free_file"] % TEST_FILES > 0))[:o.domain]
    own = np.concatenate([first, rest[:2 * o.own - len(first)]])
    size = int(s["size"][0])
    return {"domain": s["free"][domain], "documents": s["free_file"][domain], "genres": s["free_file"][domain] % 15,
            "own": s["code"][own], "general": s["free"][domain[::-1]], "elsewhere": s["free"][domain[::2]],
            "labelled": s["code"][first], "classes": s["verb"][first], "told": s["code"][rest],
            "told_classes": s["verb"][rest], "test": s["code"][test], "test_classes": s["verb"][test],
            "fold": np.arange(size), "known": s["size"], "kinds": np.bincount(s["free"].ravel(), minlength=size),
            "more_marks": s["marks"],
            "more_domain": s["free_trees"][domain], "more_own": s["trees"][own], "more_labelled": s["trees"][first],
            "more_told": s["trees"][rest], "more_test": s["trees"][test]}


def ciphered(data: AdaptationData, trial: Trial) -> AdaptationData:
    """The task in an invented language: every word has another's number, and every two neighbours change places.

    A translation goes word by word, keeps the order and has 15 % wrong words; the related language has 70 % of the
    language's words.
    """
    size = len(data.fold)
    drawn = trial.generator("cipher")
    to = torch.arange(size)
    known = int(data.known)
    to[RESERVED:known] = RESERVED + torch.randperm(known - RESERVED, generator=drawn)
    others = torch.arange(size)
    others[RESERVED:known] = RESERVED + torch.randperm(known - RESERVED, generator=drawn)
    cousin = torch.where(torch.rand(size, generator=drawn) < 0.7, to, others).to(trial.device)
    to = to.to(trial.device)

    def put(ids: Tensor) -> Tensor:
        return turned(to[data.fold[ids]])

    wrong = torch.rand(data.more["translated"].shape, generator=drawn).to(trial.device) < 0.15
    any_word = torch.randint(RESERVED, known, wrong.shape, generator=drawn).to(trial.device)
    more = {**data.more, "foreign": data.fold[data.more["foreign"]],
            "translated": torch.where(wrong, any_word, to[data.fold[data.more["translated"]]]),
            "related": turned(cousin[data.fold[data.more["related"]]]),
            "related_classes": turned(data.more["related_classes"])}
    kinds = torch.zeros_like(data.kinds).scatter(0, to, data.kinds)
    return replace(data, domain=put(data.domain), own=put(data.own), labelled=put(data.labelled), told=put(data.told),
                   test=put(data.test), classes=turned(data.classes), told_classes=turned(data.told_classes),
                   test_classes=turned(data.test_classes), kinds=kinds, more=more)


def turned(ids: Tensor) -> Tensor:
    """Every two neighbours in a row change places.

    >>> turned(torch.tensor([[1, 2, 3, 4]])).tolist()
    [[2, 1, 4, 3]]
    """
    return ids.unflatten(1, (-1, 2)).flip(2).flatten(1)


CLASSES_OF = {"words": len(CLASSES), "language": len(CLASSES), "passages": PASSAGE_KINDS, "code": VERBS}

__all__ = ["CLASSES_OF", "PAD", "PIECE", "AdaptationData", "adaptation_data", "ciphered", "turned"]
