"""Every side-by-side measurement, one after the other; each compares two ways of doing one thing in one run.

Where a figure has a goal, the run says whether it is reached, and ends with a table of all that have one. Each run's
figures are added to `var/bench/history.jsonl` with commit and machine, and the next run on the same machine says by how
much each has become better or worse.

    python -m bench            all of them; `library` alone takes half an hour on two cores
    python -m bench search     those named
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

from bench import _history

FOLDER = Path(__file__).parent
NAMED_ONLY = {"class_incremental_rates", "strengths"}  # choose what arenas and methods have: nothing to compare


def main(names: list[str]) -> int:
    there = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
    unknown = set(names) - set(there)
    if unknown:
        sys.exit(f"There is no measurement {', '.join(sorted(unknown))}; there are {', '.join(there)}")
    print(f"Python {platform.python_version()}, {platform.platform()}, {os.cpu_count()} cores\n", flush=True)
    failed, before = [], _history.size()
    for name in names or [name for name in there if name not in NAMED_ONLY]:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=FOLDER.parent).returncode:
            failed.append(name)
        print(flush=True)
    print("\n".join(_history.table(before)))
    if failed:
        print("Failed:", ", ".join(failed))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
