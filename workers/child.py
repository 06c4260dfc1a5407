"""What a run's child process does: one call of `methods.kit.engine.execute`, told step by step to the parent."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def run_job(job: dict[str, Any], tell: Callable[..., None]) -> dict[str, Any]:
    """Run the job's method and return the outcome as plain data.

    Tells `code` (digest of what is about to run), `progress` (fraction, text, new points of the curve) and
    `measuring` when the data is there: the time limit counts from then, a first fetch may take longer than
    the run.
    """
    if job["library"]:
        _import_library_from(job["library"])
    from methods.kit.engine.execute import execute
    from methods.kit.engine.registry import code_digest, load_arena, load_method

    arena = load_arena(job["arena"])
    tell(event="code", digest=code_digest(load_method(job["arena"], job["method"])))
    curve: list[dict[str, float]] = []
    told = 0

    def new_points() -> list[dict[str, float]]:
        nonlocal told
        points, told = curve[told:], len(curve)
        return points

    def on_progress(fraction: float, text: str) -> None:
        tell(event="progress", fraction=fraction, text=text, points=new_points())

    load_data = arena.data

    def data(self, trial):
        nonlocal curve
        loaded = load_data(self, trial)
        curve = trial.curve
        tell(event="measuring")
        return loaded

    arena.data = data  # this process ends with the run
    try:
        return execute(job["arena"], job["method"], params=job["params"], setting=job["setting"], scale=job["scale"],
                       seed=job["seed"], device=job["device"], on_progress=on_progress).as_dict()
    except BaseException:
        tell(event="points", points=new_points())  # what it had recorded since it last told
        raise


def _import_library_from(folder: str) -> None:
    """Have this process import `methods` from a folder that holds the library as it once was."""
    for name in [name for name in sys.modules if name == "methods" or name.startswith("methods.")]:
        del sys.modules[name]
    sys.path.insert(0, folder)
