"""Text of ten sources as windows of whole words, as they are spelled: for models of one language or domain.

Brown's words have classes, and words of source code kinds, by rule; Brown's scientific texts are a source by
themselves as well. A document (as in `lm_text`; of Brown a stretch of 64 windows) is for tests or not, by a draw made
once.
"""

from __future__ import annotations

import keyword
import platform
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from methods.kit.engine.archives import decoded, reads
from methods.kit.stage.data import BROWN, BROWN_GENRES, MOVIE_REVIEWS, REUTERS, STDLIB, brown
from methods.kit.stage.lm_text import NAMES, TEST, Documents, _stdlib_texts, _texts, part_of
from methods.kit.stage.sources import BIBLE, NOVELS
from methods.kit.stage.word_text import class_of

LENGTH, STRETCH = 32, 64
WORDS = 400_000                 # of a source, at most
SCIENCE = list(BROWN_GENRES.values()).index("learned")


@dataclass(frozen=True)
class Corpus:
    """By source, windows (N, LENGTH) int32 of numbers in `spelled`, and which are for `tests` (N,); of "brown",
    "science" and "code" the `classes` (N, LENGTH) of words."""

    windows: dict[str, np.ndarray]
    tests: dict[str, np.ndarray]
    classes: dict[str, np.ndarray]
    spelled: list[str]


@reads(BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS, BROWN, STDLIB)
def corpus(small: bool = False, on_progress=None) -> Corpus:
    """All sources; with `small`, a little code and docstrings, which take the names of all the others as well."""
    if small:
        return _small()
    return _full(on_progress)


@cache
def _full(on_progress=None) -> Corpus:
    sources = (BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS, BROWN)
    return _opened(decoded(f"corpora-text-{platform.python_version()}", 2, sources,
                           lambda bible, novels, *_: _arrays(bible, novels, on_progress), on_progress))


def _opened(arrays: dict[str, np.ndarray]) -> Corpus:
    def by_name(what: str) -> dict[str, np.ndarray]:
        return {name.removesuffix(what): arrays[name] for name in arrays if name.endswith(what)}

    return Corpus(by_name("_windows"), by_name("_tests"), by_name("_classes"),
                  arrays["spelled"].tobytes().decode().split("\n"))


def cut(text: str) -> list[str]:
    """Words, numbers and signs.

    >>> cut("Don't go: x_1 = 20.")
    ["Don't", 'go', ':', 'x', '_', '1', '=', '20', '.']
    """
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+|[^\w\s]|_", text)


def kinds(words: list[str]) -> list[int]:
    """Kinds of words in source code: keyword, what is called, what is of something, another name, number, sign of
    arithmetic, bracket, quotation mark, other sign.

    >>> kinds(["return", "self", ".", "f", "(", "x", "+", "1", ")"])
    [0, 3, 8, 1, 6, 3, 5, 4, 6]
    """
    found = []
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        if keyword.iskeyword(word):
            found.append(0)
        elif word[0].isalpha() or word == "_":
            found.append(1 if after == "(" else 2 if before == "." else 3)
        else:
            found.append(4 if word[0].isdigit() else 5 if word in "+-*/%<>=!&|^~@" else 6 if word in "()[]{}" else
                         7 if word in "'\"" else 8)
    return found


def _arrays(bible: Path, novels: Path, on_progress) -> dict[str, np.ndarray]:
    tagged = brown(on_progress)
    words = [tagged.vocabulary[i] for i in range(len(tagged.vocabulary))]
    classes = np.array([class_of(tag) for tag in tagged.tag_names], np.int8)[tagged.tags]
    genres = np.repeat(tagged.genres, np.diff(tagged.ends, prepend=0))
    return arrays(_texts(bible, novels, on_progress), [words[i] for i in tagged.words], classes, genres == SCIENCE,
                  STRETCH, WORDS)


@cache
def _small() -> Corpus:
    some = list(_stdlib_texts(60))
    code = [(key, text[:1500]) for key, text, _ in some]
    words = cut(" ".join(text for _, text, _ in some))[:6400]
    texts = {name: code[i % 2::2] for i, name in enumerate(NAMES)}
    return _opened(arrays(texts, words, np.array(kinds(words), np.int8), np.arange(len(words)) % 1500 > 500, 8, 5000))


def arrays(texts: dict[str, Documents], words: list[str], classes: np.ndarray, science: np.ndarray, stretch: int,
           most: int) -> dict[str, np.ndarray]:
    """What a `Corpus` holds, from documents by source and from running words with classes, some of them of science."""
    ids: dict[str, int] = {}
    made: dict[str, np.ndarray] = {}
    for name, documents in texts.items():
        rows: list[int] = []
        tests: list[bool] = []
        told: list[int] = []
        for key, text in documents:
            found = cut(text)
            many = len(found) // LENGTH
            if len(rows) >= most or not many:
                continue
            rows += [ids.setdefault(word, len(ids)) for word in found[:many * LENGTH]]
            tests += [part_of(key) == TEST] * many
            told += kinds(found)[:many * LENGTH] if name == "code" else []
        made |= {f"{name}_windows": np.array(rows, np.int32).reshape(-1, LENGTH), f"{name}_tests": np.array(tests)}
        if name == "code":
            made["code_classes"] = np.array(told, np.int8).reshape(-1, LENGTH)
    n = len(words) // LENGTH
    of = np.arange(n) // stretch
    rows = [ids.setdefault(word, len(ids)) for word in words[:n * LENGTH]]
    windows = np.array(rows, np.int32).reshape(n, LENGTH)
    for_tests = (np.random.default_rng(0).permutation(of[-1] + 1) % 5 < 2)[of]
    of_words, of_science = classes[:n * LENGTH].reshape(n, LENGTH), science[:n * LENGTH:LENGTH]
    for name, kept in (("brown", np.ones(n, bool)), ("science", of_science)):
        made |= {f"{name}_windows": windows[kept], f"{name}_tests": for_tests[kept],
                 f"{name}_classes": of_words[kept]}
    return made | {"spelled": np.frombuffer("\n".join(ids).encode(), np.uint8)}
