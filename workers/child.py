"""What a run's child process does: one call of `methods.kit.execute`, told step by step to the parent."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # at run time they come from the library that the job names
    from methods.kit.arena import Arena, Trial


def run_job(job: dict[str, Any], tell: Callable[..., None]) -> dict[str, Any]:
    """Run the job's method and return the outcome as plain data.

    Tells `code` (digest of what is about to run), `progress` (fraction, text, new points of the curve) and
    `measuring` when the data is there: the time limit counts from then, a first fetch may take longer than
    the run.
    """
    if job["library"]:
        _import_library_from(job["library"])
    from methods.kit.execute import execute
    from methods.kit.registry import code_digest, load_arena, load_method

    tell(event="code", digest=code_digest(load_method(job["arena"], job["method"])))
    curve: list[dict[str, float]] = []
    told = 0

    def new_points() -> list[dict[str, float]]:
        nonlocal told
        points, told = curve[told:], len(curve)
        return points

    def on_progress(fraction: float, text: str) -> None:
        tell(event="progress", fraction=fraction, text=text, points=new_points())

    def on_measuring(trial: Trial) -> None:
        nonlocal curve
        curve = trial.curve
        tell(event="measuring")

    hooks: dict[str, Any] = {"on_progress": on_progress, "on_measuring": on_measuring}
    if "on_measuring" not in inspect.signature(execute).parameters:
        _call_after_data(load_arena(job["arena"]), hooks.pop("on_measuring"))
    try:
        return execute(job["arena"], job["method"], params=job["params"], setting=job["setting"], scale=job["scale"],
                       seed=job["seed"], device=job["device"], **hooks).as_dict()
    except BaseException:
        tell(event="points", points=new_points())  # what it had recorded since it last told
        raise


def _call_after_data(arena: type[Arena], on_measuring: Callable[[Trial], None]) -> None:
    """The hook for a kept library from before execute() had it; this process ends with the run."""
    load_data = arena.data

    def data(self: Arena, trial: Trial) -> Any:
        loaded = load_data(self, trial)
        on_measuring(trial)
        return loaded

    arena.data = data  # type: ignore[method-assign]  # that code offers no other place to be told


def _import_library_from(folder: str) -> None:
    """Have this process import `methods` from a folder that holds the library as it once was."""
    for name in [name for name in sys.modules if name == "methods" or name.startswith("methods.")]:
        del sys.modules[name]
    sys.path.insert(0, folder)
