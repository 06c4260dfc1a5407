"""Results on disk: one compressed file for each arena and setting, so that measuring one again rewrites little."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from evaluations.models import Run
from evaluations.runs.results import dump_results

SHIPPED = Path(__file__).resolve().parents[1] / "shipped"
ENDINGS = (".json", ".json.gz")
LARGEST = 2**30  # bytes of text in one file


def results_files(folder: Path) -> list[Path]:
    """The results files of a folder, in the order of their names."""
    return sorted(path for path in folder.glob("*") if path.name.endswith(ENDINGS))


def read_results(path: Path) -> str:
    """The text of a results file, compressed or not. Raises OSError or ValueError saying what is wrong with it."""
    data = path.read_bytes()
    if not path.name.endswith(".gz"):
        return data.decode()
    unpacker = zlib.decompressobj(wbits=31)  # of gzip
    try:
        text = unpacker.decompress(data, LARGEST)
    except zlib.error as error:
        raise ValueError(f"{path.name}: cannot be unpacked ({error})") from error
    if unpacker.unconsumed_tail:
        raise ValueError(f"{path.name}: has more than {LARGEST / 2**30:g} GB of text")
    return text.decode()  # of one that was cut off, what is there: the reader names what is missing


def write_results(arena: str, folder: Path) -> Iterator[tuple[Path, int, int]]:
    """Write the arena's measured runs, a file for each setting: its path, how many runs and bytes. The same runs make
    the same bytes; a file of a setting without any is removed."""
    old = {path for path in results_files(folder) if path.name.split(".")[0] == arena}
    settings = Run.objects.filter(method__arena_id=arena, state=Run.DONE).values_list("setting", flat=True)
    for setting in sorted(set(settings)):
        text = dump_results(arena, setting)
        if runs := text.count("\n") - 2:
            path = folder / f"{arena}.{setting}.json.gz"
            data = gzip.compress(text.encode(), mtime=0)
            if not path.exists() or read_results(path) != text:  # another zlib packs the same in other bytes
                path.write_bytes(data)
            old.discard(path)
            yield path, runs, len(data)
    for path in old:
        path.unlink()
