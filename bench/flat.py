"""What grows with the collection and what does not: background work and search at two sizes, in one run.

A site is filled with 10,000 and then with 100,000 papers and a thousand methods. Texts are what the installed packages
say of themselves; 5,000 vectors are really encoded, the others perturbed copies of them: costs hold, the quality of
results does not. Every figure is processor time, so that other work on the machine moves it little; so is how long a
transaction holds the write lock. Pages are `bench.pages`, a million vectors `bench.million`.

    python -m bench.flat                         both sizes, on SQLite; some fifteen minutes of one core
    python -m bench.flat --papers 2000 20000     other sizes
    python -m bench.flat --json
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench._history import Figure, note, verdicts

SIZES = (10_000, 100_000)
MORE = 100  # papers added to a full site
LINKS_SECONDS, MORE_SECONDS, LOCK_MS, PEAK_MB, TIMES_BARE = 30.0, 5.0, 100.0, 1500.0, 2.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--papers", type=int, nargs="+", default=SIZES)
    parser.add_argument("--keep", type=Path, help="fill and leave the data folders here; those there are used again")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = {count: measured(count, options.keep) for count in options.papers}
    figures = [figure for count, result in results.items() for figure in figures_of(count, result)]
    changes = note("flat", figures)
    print(json.dumps(results, indent=1) if options.json else told(results, figures, changes))
    return 0


def measured(count: int, keep: Path | None) -> dict[str, Any]:
    """All parts at one size, a process each: what one leaves in memory is not the next one's."""
    folder = keep / str(count) if keep else Path(tempfile.mkdtemp(prefix="assay-b-"))
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings",
                   "LOG_LEVEL": "ERROR"}
    for name in ("DATABASE_URL", "REDIS_URL"):
        environment.pop(name, None)

    def part(*arguments: str) -> dict[str, Any]:
        done = subprocess.run([sys.executable, "-m", "bench._flat_site", *arguments], env=environment,
                              stdout=subprocess.PIPE, text=True, check=True)
        print(f"{count:,} papers: {arguments[0]} done", file=sys.stderr, flush=True)
        return json.loads(done.stdout.splitlines()[-1])

    try:
        filled = folder / "filled"
        if not filled.exists():
            part("fill", str(count))
            filled.touch()
        return {"compute": part("compute"), "add": part("add", str(MORE)), "search": part("search")}
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def figures_of(count: int, result: dict[str, Any]) -> list[Figure]:
    """What has a goal, and the rest without one."""
    compute, add, rows = result["compute"], result["add"], result["search"]["rows"]
    size = f"{count:,} papers"
    more = sum(add["seconds"].values())
    linking = "links of all papers"
    figures = [
        Figure(f"{size}: {linking}", compute["seconds"]["links"], "s", LINKS_SECONDS),
        Figure(f"{size}: {linking}, longest write lock", compute["locks"]["links"], "ms", LOCK_MS),
        Figure(f"{size}: links, nothing new", compute["seconds"]["links, nothing new"], "s"),
        *(Figure(f"{size}: {name} of all papers", compute["seconds"][name], "s")
          for name in ("index", "clusters", "map", "near titles")),
        Figure(f"{size}: everything, nothing new", sum(
            seconds for name, seconds in compute["seconds"].items() if name.endswith("nothing new")), "s"),
        Figure(f"{size}: peak memory of all that", compute["peak_mb"], "MB", PEAK_MB),
        Figure(f"{size}: {MORE} more, besides encoding", more, "s", MORE_SECONDS, f"encoding {add['encoding']:.1f} s"),
        *(Figure(f"{size}: {MORE} more, {name}", seconds, "s") for name, seconds in add["seconds"].items()),
        Figure(f"{size}: {MORE} more, longest write lock", max(add["locks"].values()), "ms", LOCK_MS),
        Figure(f"{size}: {MORE} more, peak memory", add["peak_mb"], "MB", PEAK_MB)]
    for name, row in rows.items():
        bare = row["encode"] + row["faiss"]
        figures.append(Figure(f"{size}: search, {name}", row["service"] / bare, "x bare", TIMES_BARE,
                              f"{row['service']:.1f} ms, p95 {row['p95']:.1f}, of {bare:.1f}"))
    return figures


def told(results: dict[int, dict], figures: list[Figure], changes: dict[str, str]) -> str:
    indexes = [f"{count:,} papers: index {result['search']['index']['index']}" for count, result in results.items()]
    return "\n".join([
        "Texts of installed packages; vectors past the first 5,000 are perturbed copies. Processor time; load "
        f"{os.getloadavg()[0]:.1f}.", *indexes, "", *verdicts(figures, changes)])


if __name__ == "__main__":
    sys.exit(main())
