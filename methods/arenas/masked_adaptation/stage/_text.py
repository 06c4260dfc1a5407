"""General text, text of a domain with what is asked about it, and functions as code and as trees; cut once and kept."""

from __future__ import annotations

import ast
import json
import platform
import re
import sysconfig
import warnings
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from methods.kit.engine.archives import decoded, read_members, reads
from methods.kit.stage.data import BROWN, BROWN_GENRES, STDLIB, _stdlib_files, brown, stdlib_source
from methods.kit.stage.docstrings import words as parts_of
from methods.kit.stage.sources import BIBLE
from methods.kit.stage.word_text import RESERVED, class_of, number, vocabulary

SHORT, LONG, STRETCH = 32, 64, 64
VERBS = 8                       # first words of names that functions are told by
PAD = 3
NODE, SHUT = "<", ">"


@reads(BROWN, BIBLE)
def shelf(small: bool = False, on_progress=None) -> dict[str, np.ndarray]:
    """`general` (M, 64) words of the Bible in English; of Brown `words` (N, 32), `classes` (N, 32), `genre`, `stretch`
    and `tests` (N,); `elsewhere` (K, 32) words of source code. Numbers from `fold` on are words that the general
    vocabulary lacks; fold[number] is what it reads instead."""
    if small:
        return _small()
    return dict(decoded("adaptation-text", 1, (BROWN, BIBLE), lambda _, bible: _arrays(bible, on_progress),
                        on_progress))


def _arrays(bible: Path, on_progress) -> dict[str, np.ndarray]:
    (_, content), = read_members(bible, "*/data/corpus/douay-rheims.json")
    said = [word for verse in json.loads(content)["verses"].values() for word in _cut(verse["text"])]
    text = brown(on_progress)
    spelled = [word.lower() for word in text.vocabulary]
    classes = np.array([class_of(tag) for tag in text.tag_names], np.int8)[text.tags]
    genres = np.repeat(text.genres, np.diff(text.ends, prepend=0)).astype(np.int8)
    code = _cut(bytes(stdlib_source(600_000)).decode("utf-8", "replace"))
    return arrays(said, [spelled[i] for i in text.words], classes, genres, code, 1000, 150, 500)


def _cut(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+|[^\w\s]", text.lower())


@cache
def _small() -> dict[str, np.ndarray]:
    said = _cut(bytes(stdlib_source(60_000)).decode("utf-8", "replace"))
    kinds = np.array([0 if len(word) > 4 else 1 if word[0].isalpha() else 2 if word.isdigit() else
                      3 + ord(word[0]) % 9 for word in said], np.int8)
    genres = (np.arange(len(said)) // 256 % len(BROWN_GENRES)).astype(np.int8)
    return arrays(said[:6400], said, kinds, genres, said[-3200:], 120, 20, 40, 8)


def arrays(said: list[str], words: list[str], classes: np.ndarray, genres: np.ndarray, code: list[str], many: int,
           endings: int, more: int, stretch: int = STRETCH) -> dict[str, np.ndarray]:
    """What `shelf` gives, from running words."""
    ids = vocabulary(Counter(said), many, endings)
    n, first = len(words) // SHORT, RESERVED + len(ids)
    of = np.arange(n) // stretch
    tests = np.random.default_rng(0).permutation(of[-1] + 1)[of] % 5 == 0
    seen = Counter(word for word, test in zip(words, np.repeat(tests, SHORT), strict=False)
                   if not test and word not in ids and word.isalpha())
    new = {word: first + i for i, word in enumerate(sorted(seen, key=lambda word: (-seen[word], word))[:more])}
    fold = np.arange(first + len(new))
    for word, i in new.items():
        fold[i] = number(word, ids)

    def read(text: list[str], length: int) -> np.ndarray:
        flat = [new.get(word) or number(word, ids) for word in text]
        return np.array(flat[:len(flat) // length * length], np.int16).reshape(-1, length)

    return {"general": read(said, LONG), "words": read(words, SHORT), "classes": classes[:n * SHORT].reshape(n, SHORT),
            "genre": genres[:n * SHORT].reshape(n, SHORT)[:, 0], "stretch": of.astype(np.int32), "tests": tests,
            "elsewhere": read(code, SHORT), "fold": fold.astype(np.int16),
            "known": np.array([first]), "spelled": np.frombuffer("\n".join([*ids, *new]).encode(), np.uint8)}


@reads(STDLIB)
def functions(small: bool = False, on_progress=None) -> dict[str, np.ndarray]:
    """Functions of the standard library whose names begin with one of 8 frequent words: the first 64 signs of their
    `code` and of their `trees` (N, 64) without the name, which word it was `verb` (N,), `file` (N,); `free` (M, 64)
    is code of other functions; `size` of
    the vocabulary, `marks` of its signs: 1 opens a part of a tree, -1 shuts one."""
    if small:
        return _few()
    return dict(decoded(f"adaptation-functions-{platform.python_version()}", 2, (), lambda *_: _trees(None),
                        on_progress))


@cache
def _few() -> dict[str, np.ndarray]:
    return _trees(16)


def _trees(files: int | None) -> dict[str, np.ndarray]:
    found = [(i, *one) for i, path in enumerate(_stdlib_files(Path(sysconfig.get_path("stdlib")))[:files])
             for one in _functions(path)]
    begins = Counter(verb for _, verb, _, _ in found)
    verbs = sorted(begins, key=lambda verb: (-begins[verb], verb))[:VERBS]
    seen = Counter(sign for _, _, code, tree in found for sign in (*code, *tree))
    ids = {sign: RESERVED + i for i, sign in enumerate(sorted(seen, key=lambda s: (-seen[s], s))[:1000])}

    def read(signs: list[str]) -> list[int]:
        row = [ids.get(sign, 1) for sign in signs[:LONG]]
        return row + [PAD] * (LONG - len(row))

    named = [one for one in found if one[1] in verbs]
    return {"code": np.array([read(code) for _, _, code, _ in named], np.int16),
            "trees": np.array([read(tree) for _, _, _, tree in named], np.int16),
            "verb": np.array([verbs.index(verb) for _, verb, _, _ in named], np.int8),
            "file": np.array([i for i, *_ in named], np.int32),
            "free": np.array([read(code) for _, verb, code, _ in found if verb not in verbs], np.int16),
            "free_trees": np.array([read(tree) for _, verb, _, tree in found if verb not in verbs], np.int16),
            "free_file": np.array([i for i, verb, _, _ in found if verb not in verbs], np.int32),
            "marks": np.array([0] * RESERVED + [1 if sign[0] == NODE and len(sign) > 1 else -1 if sign == SHUT else 0
                                                for sign in ids], np.int8), "size": np.array([RESERVED + len(ids)])}


def _functions(path: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """First word of the name, signs of the code, signs of the tree."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(path.read_bytes())
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("__") and len(node.body) > 1:
            verb = (parts_of(node.name) or [""])[0]
            if ast.get_docstring(node):
                node.body = node.body[1:]
            node.name = "f"
            plain = signs(ast.unparse(node))
            if len(plain) >= LONG // 2:
                yield verb, plain[2:], bracketed(node)[3:]


def signs(code: str) -> list[str]:
    """Words of names, numbers as one sign, and signs.

    >>> signs("readLine(x, 10)")
    ['read', 'line', '(', 'x', ',', '0', ')']
    """
    found = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+|[^\w\s]", code)
    return ["0" if sign.isdigit() else sign.lower() for sign in found]


def bracketed(node: ast.AST) -> list[str]:
    """A tree from its root on, kinds of nodes opened and shut, with words of names and constants as leaves.

    >>> bracketed(ast.parse("f(x)").body[0].value)
    ['<Call', '<Name', 'f', '>', '<Name', 'x', '>', '>']
    """
    found = [NODE + type(node).__name__]
    for _, value in ast.iter_fields(node):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.expr_context):
                continue
            found += bracketed(one) if isinstance(one, ast.AST) else [] if one is None else signs(str(one))[:4]
    return [*found, SHUT]


__all__ = ["BIBLE", "BROWN", "STDLIB", "bracketed", "functions", "shelf"]
