"""Running text as windows of whole words with their word classes: the Brown corpus, 4,000 words and endings.

A word outside the 4,000 most frequent is read as its last two letters where many words end so, else as a number or as
rare. Brown's 472 tags are brought to 12 classes. Windows of 32 words never cross a stretch of 64 windows, about a
document; a fifth of the stretches, drawn once, is for tests, so what is trained once and kept has read none of them.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np

from methods.kit.engine.archives import decoded, reads
from methods.kit.stage.data import BROWN, BROWN_GENRES, Texts, brown, stdlib_source

CLASSES = ("noun", "verb", "adjective", "adverb", "pronoun", "determiner", "adposition", "numeral", "conjunction",
           "particle", "punctuation", "other")
LENGTH, STRETCH, WORDS, ENDINGS = 32, 64, 4000, 150
MASK, RARE, NUMBER, RESERVED = 0, 1, 2, 4
STORIES = ("fiction", "mystery", "science fiction", "adventure", "romance", "humor")
_STARTS = (  # how a tag begins, longest first where two fit -> class
    ("ppx", 4), ("pp$", 5), ("pp", 4), ("pn", 4), ("wp", 4), ("wdt", 5), ("wql", 3), ("wrb", 3), ("at", 5), ("ap", 2),
    ("ab", 5), ("dt", 5), ("ex", 5), ("nn", 0), ("np", 0), ("nr", 0), ("vb", 1), ("be", 1), ("do", 1), ("hv", 1),
    ("md", 1), ("jj", 2), ("od", 2), ("rp", 9), ("rb", 3), ("rn", 3), ("ql", 3), ("*", 3), ("in", 6), ("cs", 6),
    ("cc", 8), ("cd", 7), ("to", 9), ("uh", 9), ("fw", 11), ("nil", 11))


def class_of(tag: str) -> int:
    """The place in CLASSES of a tag of the Brown corpus.

    >>> [CLASSES[class_of(tag)] for tag in ("nns-tl", "bedz*", "pp$", "ppss", "--")]
    ['noun', 'verb', 'determiner', 'pronoun', 'punctuation']
    """
    return next((place for begin, place in _STARTS if tag.startswith(begin)), 10)


@dataclass(frozen=True)
class Shelf:
    """Windows (N, LENGTH) of words and of classes, of each window its `stretch` (N,), whether that is of stories (N,)
    and whether it is for tests (N,); `vocabulary` says how many words there are, masks included."""

    words: np.ndarray
    classes: np.ndarray
    stretch: np.ndarray
    stories: np.ndarray
    tests: np.ndarray
    vocabulary: int


@reads(BROWN)
def shelf(small: bool = False, on_progress=None) -> Shelf:
    """The corpus; with `small`, a little source code whose classes are kinds of signs."""
    if small:
        return _small()
    arrays = decoded("word-text", 2, (BROWN,), lambda _: _arrays(on_progress), on_progress)
    return _opened(arrays)


def _opened(arrays: dict[str, np.ndarray]) -> Shelf:
    return Shelf(*(arrays[name] for name in ("words", "classes", "stretch", "stories", "tests")),  # type: ignore[call-arg, arg-type]  # five arrays
                 int(arrays["vocabulary"][0]))


def _arrays(on_progress) -> dict[str, np.ndarray]:
    text = brown(on_progress)
    spelled = [word.lower() for word in text.vocabulary]
    words = [spelled[i] for i in text.words]
    classes = np.array([class_of(tag) for tag in text.tag_names], np.int8)[text.tags]
    genres = list(BROWN_GENRES.values())
    stories = np.isin(text.genres, [genres.index(name) for name in STORIES])
    return windows(words, classes, np.repeat(stories, np.diff(text.ends, prepend=0)), WORDS, ENDINGS)


@cache
def _small() -> Shelf:
    text = bytes(stdlib_source(60_000)).decode("utf-8", "replace")
    words = re.findall(r"[A-Za-z_]+|\d+|[^\sA-Za-z_\d]", text)[:12_800]
    kinds = [0 if keyword.iskeyword(word) else 1 if word.islower() else 2 if word[0].isalpha() else
             3 if word.isdigit() else 4 + ord(word[0]) % 8 for word in words]
    return _opened(windows([word.lower() for word in words], np.array(kinds, np.int8),
                           np.arange(len(words)) % 5000 > 2500, 200, 20, 8))


def windows(words: list[str], classes: np.ndarray, stories: np.ndarray, many: int, endings: int,
            stretch: int = STRETCH) -> dict[str, np.ndarray]:
    """Arrays of a `Shelf` from running words, whose vocabulary is what is frequent in those not for tests."""
    n = len(words) // LENGTH
    of = np.arange(n) // stretch
    tests = np.random.default_rng(0).permutation(of[-1] + 1)[of] % 5 == 0
    seen = [word for word, test in zip(words, np.repeat(tests, LENGTH), strict=False) if not test]
    ids = vocabulary(Counter(seen), many, endings)
    numbers = np.array([number(word, ids) for word in words[:n * LENGTH]], np.int16)
    return {"words": numbers.reshape(n, LENGTH), "classes": classes[:n * LENGTH].reshape(n, LENGTH),
            "stretch": of.astype(np.int32), "stories": stories[:n * LENGTH].reshape(n, LENGTH)[:, 0], "tests": tests,
            "vocabulary": np.array([RESERVED + len(ids)])}


def vocabulary(counts: Counter[str], many: int, endings: int) -> dict[str, int]:
    """Numbers of the most frequent words, and of the most frequent ends of the others, written "-ng"."""
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    ends = Counter(f"-{word[-2:]}" for word in ranked[many:] if word[-2:].isalpha())
    kept = ranked[:many] + sorted(ends, key=lambda end: (-ends[end], end))[:endings]
    return {word: RESERVED + i for i, word in enumerate(kept)}


def number(word: str, ids: dict[str, int]) -> int:
    """The number of a word, of its end, of numbers, or of what is rare.

    >>> [number(word, {"to": 4, "-ng": 5}) for word in ("to", "swing", "1947", "x")]
    [4, 5, 2, 1]
    """
    return ids.get(word) or ids.get(f"-{word[-2:]}") or (NUMBER if any(c.isdigit() for c in word) else RARE)


__all__ = ["BROWN", "CLASSES", "LENGTH", "MASK", "RESERVED", "Shelf", "Texts", "class_of", "number", "shelf",
           "vocabulary", "windows"]
