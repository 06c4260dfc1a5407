"""Rows of 64 pieces of prose, or of functions behind what they are said to do, and three spans of each test row."""

from __future__ import annotations

import ast
import io
import keyword
import sysconfig
import tokenize
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from methods.arenas.sequence_to_sequence_pretraining.stage.task import SENTINELS
from methods.kit.engine.archives import decoded, reads
from methods.kit.stage.arena import Trial
from methods.kit.stage.data import STDLIB, _stdlib_files
from methods.kit.stage.lm_starts import start
from methods.kit.stage.lm_text import NAMES, PIECES, TEST, TRAIN, VALIDATION, library, part_of

ROW, WORDS = 64, 16         # pieces of a row; of a function's, so many say what it does
PROSE = ("fiction", "bible-en", "reviews", "news")
SPANS, SPAN = 3, 4          # are to be filled in, of so many pieces


@dataclass(frozen=True)
class PairData:
    """Rows (N, 64), names (N, 64) and `words`: see `Task`. `test` (M, 64) with the starts of spans (M, 3); `functions`
    (F, 64) that are tested; `told`, `test_told` (., 64) are of known sources. `start` are weights that have read."""

    text: Tensor
    names: Tensor
    words: int
    test: Tensor
    starts: Tensor
    functions: Tensor
    labelled: Tensor
    labels: Tensor
    test_labelled: Tensor
    test_labels: Tensor
    sizes: Tensor
    start: dict[str, Tensor]
    pieces: int


def pair_data(trial: Trial) -> PairData:
    o, rng = trial.options, trial.numpy("rows")
    books, code = library(o.small, trial.progress), functions(o.small, trial.progress)
    asked = VALIDATION if getattr(o, "asked", "test") == "val" else TEST

    def some(names: tuple[str, ...], part: int, many: int) -> tuple[np.ndarray, np.ndarray]:
        found = []
        for name in names:
            shelf = books.shelves[name]
            found.append(shelf.windows[rng.permutation(shelf.rows(part))[:many // len(names)], :ROW])
        return np.concatenate(found), np.repeat(np.arange(len(found)), [len(each) for each in found])

    def told(part: int, many: int) -> tuple[np.ndarray, np.ndarray]:
        at = rng.permutation(np.flatnonzero(code["parts"] == part))[:many]
        return code["rows"][at], code["names"][at]

    def tensor(values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(values, np.int64)).to(trial.device)

    text, names = told(TRAIN, o.text) if o.code else (some(PROSE, TRAIN, o.text)[0], np.zeros((0, ROW)))
    test = told(asked, o.tests)[0] if o.code else some(PROSE, asked, o.tests)[0]
    labelled, test_labelled = some(NAMES, TRAIN, o.labelled), some(NAMES, asked, o.tests)
    starts = np.stack([rng.integers(i * ROW // SPANS, (i + 1) * ROW // SPANS - SPAN, len(test))
                       for i in range(SPANS)], 1)
    weights = start(NAMES, o.size, o.read, trial.seed, o.small, trial.progress).state_dict()
    return PairData(tensor(text), tensor(names), WORDS if o.code else 0, tensor(test), tensor(starts),
                    tensor(told(asked, o.tests)[0]), *(tensor(each) for each in (*labelled, *test_labelled)),
                    tensor(np.concatenate([books.sizes, np.zeros(SENTINELS, int)])),
                    {name: value.to(trial.device) for name, value in weights.items()}, PIECES + SENTINELS)


@reads(STDLIB)
def functions(small: bool = False, on_progress=None) -> dict[str, np.ndarray]:
    """Rows (N, 64) of functions, the name that each piece belongs to (N, 64) and parts (N,)."""
    if small:
        return _small()
    import platform
    return decoded(f"told-functions-{platform.python_version()}", 1, (), lambda: _functions(None, False), on_progress)


@cache
def _small() -> dict[str, np.ndarray]:
    found = _functions(40, True)
    return {**found, "parts": np.arange(len(found["rows"])) % 3}


def _functions(files: int | None, small: bool) -> dict[str, np.ndarray]:
    cut, root = Tokenizer.from_str(library(small).cutter), Path(sysconfig.get_path("stdlib"))
    rows, names, parts = [], [], []
    for path in _stdlib_files(root)[:files]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                tree = ast.parse(path.read_bytes().decode("utf-8", "replace"))
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) and len(node.body) > 1:
                words = cut.encode(ast.get_docstring(node) or "").ids[:WORDS]
                node.body = node.body[1:]
                text = ast.unparse(node)
                found = cut.encode(text)
                if len(words) == WORDS and len(found.ids) >= ROW - WORDS:
                    rows.append([*words, *found.ids[:ROW - WORDS]])
                    names.append([-1] * WORDS + names_of(text, found.offsets[:ROW - WORDS]))
                    parts.append(part_of(path.relative_to(root).as_posix()))
    return {"rows": np.array(rows, np.int16), "names": np.array(names, np.int16), "parts": np.array(parts, np.int8)}


def names_of(text: str, offsets: list[tuple[int, int]]) -> list[int]:
    """Which name, in the order of first sight, each piece with these offsets belongs to, or -1.

    >>> names_of("a = b + a", [(0, 1), (1, 3), (3, 5), (5, 7), (7, 9)])
    [0, -1, 1, -1, 0]
    """
    lines = [0]
    for line in text.split("\n"):
        lines.append(lines[-1] + len(line) + 1)
    of, known = np.full(len(text) + 1, -1), {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
            begin = lines[token.start[0] - 1] + token.start[1]
            of[begin:begin + len(token.string)] = known.setdefault(token.string, len(known))
    return [int(of[begin:end].max(initial=-1)) for begin, end in offsets]
