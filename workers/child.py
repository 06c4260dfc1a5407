"""What a run's child process does: one call of `methods.kit.engine.execute`, told step by step to the parent."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

from workers import warm_library

if TYPE_CHECKING:  # at run time they come from the library that the job names
    from methods.kit.stage.arena import Trial


class DataMissing(Exception):
    """Data must be fetched or decoded first, which a run itself may not do."""


def load_data(job: dict[str, Any], tell: Callable[..., None]) -> dict[str, Any]:
    """Load the data of the job's arena, and with it fetch and keep what was not there. No method is imported."""
    _choose_library(job["library"])
    stage = _load_arena()(job["arena"])()
    trial = stage.trial(setting=job["setting"], scale=job["scale"], seed=job["seed"], device=job["device"],
                        on_progress=lambda fraction, text: tell(event="progress", fraction=0.0, text=text, points=[]))
    trial.progress(0.0, "loading data")
    with _own_data(stage, job["scale"]):
        stage.data(trial)
    return {}


def run_job(job: dict[str, Any], tell: Callable[..., None]) -> dict[str, Any]:
    """Run the job's method and return the outcome as plain data.

    Tells `code` (digest of what is about to run), `progress` (fraction, text, new points of the curve) and
    `measuring` when the data is there: the time limit counts from then, a first fetch may take longer than
    the run.
    """
    _choose_library(job["library"])
    execute, digest = _engine()
    tell(event="code", digest=digest(job["arena"], job["method"], job["setting"], job["scale"]))
    curve: list[dict[str, float]] = []
    told = 0
    measuring = False

    def new_points() -> list[dict[str, float]]:
        nonlocal told
        points, told = curve[told:], len(curve)
        return points

    def on_progress(fraction: float, text: str) -> None:
        tell(event="progress", fraction=fraction, text=text, points=new_points())

    def on_measuring(trial: Trial) -> None:
        nonlocal curve, measuring
        curve, measuring = trial.curve, True
        tell(event="measuring")

    try:
        return execute(job["arena"], job["method"], params=job["params"], setting=job["setting"], scale=job["scale"],
                       seed=job["seed"], device=job["device"], on_progress=on_progress,
                       on_measuring=on_measuring).as_dict()
    except BaseException as error:
        tell(event="points", points=new_points())  # what it had recorded since it last told
        if job["confined"] and not measuring and _refused(error):
            raise DataMissing(str(error)) from error
        raise


def _refused(error: BaseException) -> bool:
    """Whether this is how loading data ends where it may neither connect nor write."""
    return isinstance(error, PermissionError) or any(cls.__name__ == "DataUnavailable" for cls in type(error).__mro__)


def _engine() -> tuple[Callable[..., Any], Callable[..., str]]:
    """execute() and digest_of_run() of the library that this process imports."""
    try:
        from methods.kit.engine.execute import digest_of_run, execute
    except ModuleNotFoundError as missing:
        if missing.name != "methods.kit.engine":
            raise
        return _earlier_engine()
    return execute, digest_of_run


def _load_arena() -> Callable[[str], Any]:
    """load_arena() of the library that this process imports."""
    try:
        return import_module("methods.kit.engine.registry").load_arena
    except ModuleNotFoundError as missing:
        if missing.name != "methods.kit.engine":
            raise
        return import_module("methods.kit.registry").load_arena


def _own_data(stage: Any, scale: str) -> AbstractContextManager[Any]:
    """What has loaders give data of one's own, of the library that this process imports."""
    try:
        return import_module("methods.kit.engine.own_data").in_use(stage.sources, scale)
    except ModuleNotFoundError as missing:  # a library kept before there were such data
        if missing.name not in ("methods.kit.engine", "methods.kit.engine.own_data"):
            raise
        return nullcontext()


def _earlier_engine() -> tuple[Callable[..., Any], Callable[..., str]]:
    """The same of a library kept before the engine had a folder: its digests knew no settings, its execute() no
    `on_measuring`, so its arena is made to tell; this process ends with the run."""
    execute = import_module("methods.kit.execute").execute
    registry = import_module("methods.kit.registry")

    def digest(arena: str, method: str, setting: str, scale: str) -> str:
        return registry.code_digest(registry.load_method(arena, method))

    def executed(arena: str, method: str, *, on_measuring: Callable[[Any], None], **chosen: Any) -> Any:
        stage = registry.load_arena(arena)
        load_data = stage.data

        def data(self: Any, trial: Any) -> Any:
            loaded = load_data(self, trial)
            on_measuring(trial)
            return loaded

        stage.data = data
        return execute(arena, method, **chosen)
    return executed, digest


def _choose_library(folder: str) -> None:
    """Have this process import `methods` from a folder that holds the library as it once was; "" for the present one,
    of which what is imported already is kept while it is what is on the disk."""
    if folder:
        warm_library.forget()
        sys.path.insert(0, folder)
    else:
        warm_library.forget_if_changed()
