"""Open a data set that lies in a folder, in a file or on the Hugging Face Hub, whatever of the usual forms it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasets import Dataset

READERS = {".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet", ".arrow": "arrow",
           ".txt": "text"}
SAVED = "state.json", "dataset_dict.json"  # what `save_to_disk` leaves


class OwnDataError(Exception):
    """Why data cannot be taken, in words for whoever gave them."""


@contextmanager
def opened(place: str, configuration: str = "") -> Iterator[dict[str, Dataset]]:
    """The data set's parts by name, readable inside this block. No code that comes with data is run.

    `place` is a folder of pictures in folders by class, a folder or file in one of READERS' forms or as `save_to_disk`
    leaves it, or a name on the Hub, of which `configuration` names the variant. Raises OwnDataError.
    """
    import datasets
    datasets.disable_progress_bars()
    path = Path(place).expanduser()
    if not path.exists() and (path.is_absolute() or place.startswith(".") or place.count("/") > 1):
        raise OwnDataError(f"{place} is not there")
    with TemporaryDirectory(prefix="assay-own-") as aside:
        try:
            found: Any
            if path.is_dir() and any((path / name).exists() for name in SAVED):
                found = datasets.load_from_disk(str(path))
            elif path.is_dir():
                found = datasets.load_dataset(str(path), cache_dir=aside, **_whole_texts(path))
            elif path.exists():
                found = datasets.load_dataset(_reader(path), data_files=str(path), cache_dir=aside,
                                              **({"delimiter": "\t"} if path.suffix == ".tsv" else {}))
            else:
                found = datasets.load_dataset(place, configuration or None, cache_dir=aside)
        except OwnDataError:
            raise
        except Exception as error:  # its readers raise what they like
            raise OwnDataError(f"{place} cannot be read as a data set: {type(error).__name__}: {error}") from error
        yield dict(found) if isinstance(found, dict) else {"train": found}


def _reader(path: Path) -> str:
    try:
        return READERS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(sorted(READERS))
        raise OwnDataError(f"{path} is of no kind that is read here: {known}, or a folder") from None


def _whole_texts(path: Path) -> dict[str, str]:
    """In a folder of plain texts a file is a row, not a line."""
    kinds = {file.suffix.lower() for file in path.rglob("*") if file.is_file() and not file.name.startswith(".")}
    return {"sample_by": "document"} if kinds == {".txt"} else {}
