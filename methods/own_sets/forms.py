"""What a data set must look like to stand in for a pinned one, and how it is brought into that form."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from methods.kit.engine.own_data import ARCHIVE
from methods.kit.stage.data import Texts
from methods.own_sets.opening import OwnDataError

if TYPE_CHECKING:
    from datasets import Dataset

Tell = Callable[[str], None]
TOLD_EVERY = 5000  # rows
TEST = "test", "validation"  # names of parts that are kept for testing


@dataclass(frozen=True)
class Columns:
    """Which columns to read; "" lets the form of the data decide."""

    content: str = ""
    label: str = ""
    origin: str = ""


@dataclass
class Taken:
    """How many rows were taken, and of those that were left out, why, the first ones by name."""

    rows: int = 0
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Pictures:
    """Pictures of `classes` kinds, `side` pixels high and wide, grey or in `colour`. `each` is how many of a kind the
    pinned set has at least; with `apart` it has test pictures of its own."""

    side: int
    classes: int
    each: int
    colour: bool = False
    apart: bool = False
    named: bool = False

    def write(self, parts: Mapping[str, Dataset], columns: Columns, folder: Path, few: bool, tell: Tell) -> Taken:
        """Write the arrays of the pinned set's loader (methods.kit.stage.data) to `folder`."""
        first = next(iter(parts.values()))
        content = columns.content or _only(first, "Image", "pictures", "--content")
        label = columns.label or _label(first, content)
        taken, names = Taken(), _names(first, label)
        read = {name: self._read(part, content, label, taken, tell) for name, part in parts.items()}
        kinds = self._kinds(np.concatenate([labels for _, labels in read.values()]), names, few)
        place = {kind: at for at, kind in enumerate(kinds)}
        halves: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {"train": [], "test": []}
        for name, (images, labels) in read.items():
            known = np.isin(labels, kinds)
            halves["test" if name in TEST else "train"].append(
                (images[known], np.array([place[label] for label in labels[known]], np.int64)))
        whole = {half: _joined(found) for half, found in halves.items() if found}
        taken.rows = sum(len(labels) for _, labels in whole.values())
        if self.apart:
            self._write_apart(whole, folder)
        else:
            images, labels = _joined(list(whole.values()))
            order = np.argsort(labels, kind="stable")
            _save(folder, images=images[order], labels=labels[order],
                  **(Texts.pack([names.get(kind, str(kind)) for kind in kinds], "names") if self.named else {}))
        return taken

    def _read(self, part: Dataset, content: str, label: str, taken: Taken, tell: Tell) -> tuple[np.ndarray, np.ndarray]:
        from datasets import Image
        part = part.cast_column(content, Image(decode=False))
        shape = (self.side, self.side, 3) if self.colour else (self.side, self.side)
        images, labels = np.empty((len(part), *shape), np.uint8), np.empty(len(part), np.int64)
        kept = 0
        for at, row in enumerate(part):
            if at % TOLD_EVERY == 0 and at:
                tell(f"{at:,} of {len(part):,} pictures")
            try:
                images[kept], labels[kept] = self._picture(row[content]), _number(row[label])
                kept += 1
            except (OSError, ValueError) as error:
                name = (row[content] or {}).get("path") or f"row {at + 1}"
                taken.left_out.append(f"{Path(name).name}: {error}")
        return images[:kept], labels[:kept]

    def _picture(self, stored: Mapping[str, Any] | None) -> np.ndarray:
        from PIL import Image
        if not stored:
            raise ValueError("no picture")
        with Image.open(io.BytesIO(stored["bytes"]) if stored["bytes"] else stored["path"]) as picture:
            turned = picture.convert("RGB" if self.colour else "L")
        return np.asarray(turned.resize((self.side, self.side), Image.Resampling.LANCZOS))

    def _kinds(self, labels: np.ndarray, names: Mapping[int, str], few: bool) -> list[int]:
        """The kinds that are taken: as many as the pinned set has, those with most pictures, in their own order."""
        kinds, counts = np.unique(labels, return_counts=True)
        if len(kinds) < self.classes:
            raise OwnDataError(f"there are pictures of {len(kinds)} classes; {self.classes} are needed")
        most = np.argsort(-counts, kind="stable")[:self.classes]
        least = most[-1]
        if counts[least] < self.each and not few:
            kind = names.get(int(kinds[least]), str(kinds[least]))
            raise OwnDataError(f"the class {kind} has {counts[least]:,} pictures; runs at this scale may ask for "
                               f"{self.each:,} of each. With --few they are taken all the same")
        return sorted(int(kinds[at]) for at in most)

    def _write_apart(self, whole: Mapping[str, tuple[np.ndarray, np.ndarray]], folder: Path) -> None:
        """Without test pictures of their own, every seventh of a class is one."""
        if len(whole) == 1:
            (images, labels), = whole.values()
            test = np.zeros(len(labels), bool)
            for kind in range(self.classes):
                test[np.flatnonzero(labels == kind)[6::7]] = True
            whole = {"train": (images[~test], labels[~test]), "test": (images[test], labels[test])}
        _save(folder, **{f"{half}_{what}": array for half, found in whole.items()
                         for what, array in zip(("images", "labels"), found, strict=True)})


@dataclass(frozen=True)
class Opinions:
    """Texts with labels 0 and 1 from two origins, as the reviews of two sites are."""

    each: int

    def write(self, parts: Mapping[str, Dataset], columns: Columns, folder: Path, few: bool, tell: Tell) -> Taken:
        first = next(iter(parts.values()))
        content = columns.content or _only(first, "string", "texts", "--content")
        label = columns.label or _label(first, content)
        if not columns.origin:
            raise OwnDataError(f"name with --origin the column that tells two origins apart; there are {_said(first)}")
        taken, rows = Taken(), []
        for name, part in parts.items():
            for at, row in enumerate(part):
                if not str(row[content] or "").strip() or row[label] is None or row[columns.origin] is None:
                    taken.left_out.append(f"{name}, row {at + 1}: a text, a label or an origin is missing")
                else:
                    rows.append((str(row[content]), row[label], row[columns.origin]))
        texts, labels, origins = zip(*rows, strict=True) if rows else ((), (), ())
        found = {"label": sorted(set(labels)), "origin": sorted(set(origins))}
        for what, values in found.items():
            if len(values) != 2:
                raise OwnDataError(f"there must be two values of {what}; there are {len(values)}")
        cells = {(a, b): 0 for a in found["label"] for b in found["origin"]}
        for _, a, b in rows:
            cells[a, b] += 1
        (a, b), least = min(cells.items(), key=lambda cell: cell[1])
        if least < self.each and not few:
            raise OwnDataError(f"{least:,} texts have the label {a} and the origin {b}; runs at this scale may ask for "
                               f"{self.each:,}. With --few they are taken all the same")
        taken.rows = len(rows)
        _save(folder, labels=np.array([found["label"].index(a) for a in labels], np.int64),
              sites=np.array([found["origin"].index(b) for b in origins], np.int64), **Texts.pack(texts))
        return taken


@dataclass(frozen=True)
class Books:
    """Running text, a book a row; `bytes` are how many the pinned books are read to."""

    bytes: int

    def write(self, parts: Mapping[str, Dataset], columns: Columns, folder: Path, few: bool, tell: Tell) -> Taken:
        first = next(iter(parts.values()))
        content = columns.content or _only(first, "string", "texts", "--content")
        taken, size = Taken(), 0
        with tarfile.open(folder / ARCHIVE, "w") as archive:
            for name, part in parts.items():
                for at, row in enumerate(part):
                    text = str(row[content] or "").strip().encode("utf-8", "replace")
                    if not text:
                        taken.left_out.append(f"{name}, row {at + 1}: no text")
                        continue
                    member = tarfile.TarInfo(f"own/gutenberg/{taken.rows:06d}.txt")
                    member.size = len(text)
                    archive.addfile(member, io.BytesIO(text))
                    taken.rows, size = taken.rows + 1, size + len(text)
        if size < self.bytes and not few:
            raise OwnDataError(f"there are {size:,} bytes of text; runs at this scale may ask for {self.bytes:,}. With "
                               "--few they are taken all the same")
        return taken


Form = Pictures | Opinions | Books
FORMS: dict[str, Form] = {
    "mnist": Pictures(28, 10, 6313, apart=True), "fashion-mnist": Pictures(28, 10, 6998),
    "cifar10": Pictures(32, 10, 6000, colour=True, apart=True), "quickdraw": Pictures(28, 345, 100, named=True),
    "movie-reviews": Opinions(4265), "novels": Books(3_000_000)}


def _only(part: Dataset, kind: str, what: str, option: str) -> str:
    """The one column of a kind of values."""
    found = [name for name, column in part.features.items()
             if kind in (type(column).__name__, str(getattr(column, "dtype", "")).removeprefix("large_"))]
    if len(found) != 1:
        how_many = "several columns have" if found else "no column has"
        raise OwnDataError(f"{how_many} {what}; name one with {option}: there are {_said(part)}")
    return found[0]


def _label(part: Dataset, content: str) -> str:
    """The column of labels: the one of classes, or the one that is called so."""
    classes = [name for name, column in part.features.items() if type(column).__name__ == "ClassLabel"]
    named = classes if len(classes) == 1 else [name for name in ("label", "labels", "class") if name in part.features]
    if not named or named[0] == content:
        raise OwnDataError(f"name the column of labels with --label: there are {_said(part)}")
    return named[0]


def _joined(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    images, labels = zip(*parts, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _names(part: Dataset, label: str) -> dict[int, str]:
    return dict(enumerate(getattr(part.features[label], "names", None) or []))


def _number(label: Any) -> int:
    if label is None or int(label) < 0:
        raise ValueError("no label")
    return int(label)


def _said(part: Dataset) -> str:
    return ", ".join(f"{name} ({getattr(column, 'dtype', type(column).__name__)})"
                     for name, column in part.features.items())


def _save(folder: Path, **arrays: np.ndarray) -> None:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
