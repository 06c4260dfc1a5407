"""What measurements said before: each run adds its figures to a file, and is told beside the last on the same machine.

    var/bench/history.jsonl     one line for each run: when, of which commit, on which machine, each figure and its goal
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "var" / "bench" / "history.jsonl"
NOISE = 0.1  # a change smaller than this share is none


@dataclass(frozen=True)
class Figure:
    """One thing measured. `goal` is the most it should be, or with `more_is_better` the least."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    detail: str = ""
    more_is_better: bool = False

    @property
    def reached(self) -> bool | None:
        """None where nothing is aimed at."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.more_is_better else self.value <= self.goal


def note(bench: str, figures: Iterable[Figure], file: Path = FILE) -> dict[str, str]:
    """Add these figures to the history; by name, how each compares with the last one on a machine like this."""
    figures = list(figures)
    before = last(bench, file)
    line = {"bench": bench, "at": datetime.now(UTC).isoformat(timespec="seconds"), "commit": commit(),
            "machine": machine(), "load": round(os.getloadavg()[0], 1),
            "figures": {figure.name: [figure.value, figure.unit, figure.goal, figure.more_is_better]
                        for figure in figures}}
    changes = {figure.name: compared(figure, *before[figure.name]) for figure in figures if figure.name in before}
    line["changes"] = changes
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as history:
        history.write(json.dumps(line) + "\n")
    return changes


def last(bench: str, file: Path = FILE) -> dict[str, tuple[float, str]]:
    """The last value of each figure on a machine like this, and the commit it was of."""
    found: dict[str, tuple[float, str]] = {}
    if file.exists():
        for line in file.read_text().splitlines():
            row: dict[str, Any] = json.loads(line)
            if row["bench"] == bench and row["machine"] == machine():
                found.update({name: (value, row["commit"]) for name, (value, *_) in row["figures"].items()})
    return found


def size(file: Path = FILE) -> int:
    """How long the history is by now: what is added later begins there."""
    return file.stat().st_size if file.exists() else 0


def table(since: int, file: Path = FILE) -> list[str]:
    """What was measured since then and has a goal: measure, value, the goal, value / goal, verdict, beside the last."""
    if size(file) <= since:
        return []
    with file.open() as history:
        history.seek(since)
        rows = [json.loads(line) for line in history]
    found = [(f"{row['bench']}: {name}", Figure(name, value, unit, goal, more_is_better=more),
              row["changes"].get(name, ""))
             for row in rows for name, (value, unit, goal, more) in row["figures"].items() if goal is not None]
    if not found:
        return []
    width = max(len(title) for title, _, _ in found)
    lines = [f"{'measure':<{width}}{'value':>14}{'goal':>12}{'ratio':>8}  verdict"]
    for title, figure, change in found:
        sign = ">=" if figure.more_is_better else "<="
        ratio = f"{figure.value / figure.goal:.2f}" if figure.goal else ""
        value = f"{figure.value:,.{_digits(figure.value)}f} {figure.unit}"
        lines.append(f"{title:<{width}}{value:>14}{f'{sign} {figure.goal:g}':>12}{ratio:>8}  "
                     f"{'ok' if figure.reached else 'MISSED':<7} {change}".rstrip())
    reached = sum(bool(figure.reached) for _, figure, _ in found)
    return [*lines, "", f"{reached} of {len(found)} goals reached"]


def compared(figure: Figure, before: float, of: str) -> str:
    """How the figure stands to an earlier one, in words."""
    if not before:
        return ""
    change = figure.value / before - 1
    if abs(change) <= NOISE:
        return f"as at {of}"
    worse = (change > 0) != figure.more_is_better
    return f"{abs(change):.0%} {'WORSE' if worse else 'better'} than at {of}"


def verdicts(figures: Sequence[Figure], changes: dict[str, str]) -> list[str]:
    """A line for each figure: value, goal, whether it is reached, and how it stands to the last run."""
    width = max(len(figure.name) for figure in figures)
    lines = [f"{'':<{width}}{'value':>12}{'goal':>12}  verdict"]
    for figure in figures:
        sign = ">=" if figure.more_is_better else "<="
        goal = "" if figure.goal is None else f"{sign} {figure.goal:g}"
        verdict = {None: "", True: "ok", False: "MISSED"}[figure.reached]
        beside = "; ".join(part for part in (figure.detail, changes.get(figure.name, "")) if part)
        value = f"{figure.value:,.{_digits(figure.value)}f} {figure.unit}"
        lines.append(f"{figure.name:<{width}}{value:>12}{goal:>12}  {verdict:<7} {beside}".rstrip())
    return lines


def _digits(value: float) -> int:
    return 3 if abs(value) < 1 else 2 if abs(value) < 100 else 0


def commit() -> str:
    """The commit this is of, with a + where files have changed since."""
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip()
    try:
        return f"{git('rev-parse', '--short', 'HEAD')}{'+' if git('status', '--porcelain', '-uno') else ''}" or "none"
    except FileNotFoundError:  # no git here
        return "none"


def machine() -> str:
    """Processor, cores, memory, Python: what makes two figures comparable."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        model = next((line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines()
                      if line.startswith("model name")), model)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GB, Python {platform.python_version()}"
