"""A hundred thousand texts of paper length, made of what the installed packages say of themselves.

Each docstring of the environment's packages is an abstract (a long one several), and the name it stands under with
its first line is a title. It is real English about many subjects with the word statistics search has to bear, and it
is on every machine that can run the product; it is not a collection of papers, and whoever prints a figure measured
on it says so. Reading the packages takes two minutes, so the texts and their vectors are kept in `var/bench`.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SHORTEST, LONGEST = 100, 1400  # characters of an abstract
ENCODED = 5_000  # texts that are really encoded; the vectors of all others are perturbed copies of theirs
SPREAD = 0.35  # length of the perturbation of a unit vector: neighbours stay neighbours, none coincide
PACKAGES = Path(next(path for path in sys.path if path.endswith("site-packages")))
KEPT = Path(__file__).resolve().parent.parent / "var" / "bench"


def texts(count: int) -> list[tuple[str, str]]:
    """(title, abstract) pairs, titles all different, the same on every call.

    Past what the packages say (some 80,000 things) the same texts come again under numbered titles.
    """
    kept = KEPT / "texts.jsonl"
    if not kept.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(f".{os.getpid()}")
        with partial.open("w") as file:
            file.writelines(json.dumps(pair) + "\n" for pair in _different(_docstrings()))
        partial.rename(kept)
    with kept.open() as file:
        found = [json.loads(line) for line, _ in zip(file, range(count), strict=False)]
    rounds = -(-count // len(found))
    return [(title if turn == 1 else f"{title}, copy {turn}", abstract)
            for turn in range(1, rounds + 1) for title, abstract in found][:count]


def vectors(count: int) -> np.ndarray:
    """Unit vectors (count, dimension) float32: the first ENCODED are those of `texts`, the rest perturbed copies."""
    kept = KEPT / "vectors.npy"
    if not kept.exists():
        from papers.search.export import text_encoder
        encoded = text_encoder().encode([f"{title}\n\n{abstract}" for title, abstract in texts(ENCODED)])
        np.save(kept, np.asarray(encoded, dtype=np.float32))
    real = np.load(kept)
    out = np.empty((count, real.shape[1]), dtype=np.float32)
    out[:len(real)] = real[:count]
    generator = np.random.default_rng(0)
    for start in range(len(real), count, len(real)):
        piece = out[start:start + len(real)]
        noise = generator.standard_normal(piece.shape, dtype=np.float32)
        piece[:] = real[:len(piece)] + noise * (SPREAD / np.sqrt(real.shape[1]))
        piece /= np.linalg.norm(piece, axis=1, keepdims=True)
    return out


def _different(pairs: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for title, abstract in pairs:
        if title.lower() not in seen:
            seen.add(title.lower())
            yield title, abstract


def _docstrings() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGES.rglob("*.py")):
        try:
            tree = ast.parse(path.read_text("utf-8"))
        except (SyntaxError, UnicodeDecodeError, ValueError):
            continue
        module = path.relative_to(PACKAGES).with_suffix("").parts
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef | ast.Module):
                text = ast.get_docstring(node)
                if text and len(text) >= SHORTEST:
                    yield from _as_papers(module, getattr(node, "name", ""), inspect.cleandoc(text))


def _as_papers(module: tuple[str, ...], name: str, text: str) -> Iterator[tuple[str, str]]:
    place = " ".join(part.replace("_", " ").strip() for part in (module[0], *module[-2:], name) if part)
    for number, piece in enumerate(textwrap.wrap(" ".join(text.split()), LONGEST), start=1):
        if len(piece) >= SHORTEST:
            first = re.split(r"(?<=[.!?])\s", piece, maxsplit=1)[0].strip(" .")
            yield f"{first[:120]}: {place}{f', part {number}' if number > 1 else ''}", piece
