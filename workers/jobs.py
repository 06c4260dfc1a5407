"""What a run's processes are told to do, what is known of them, and how they ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LEAST_SLACK, MOST_SLACK = 5.0, 60.0  # seconds by the clock beyond the processor seconds


@dataclass(frozen=True)
class Job:
    """What the child is to do. `seconds` and `memory_mb` are the scale's hard limits, of all its processes together.

    `device` is "cpu" or "cuda:0", `visible_devices` the child's CUDA_VISIBLE_DEVICES. On the CPU `seconds` are
    processor seconds, so that a busy machine makes no run fail; on a GPU they are seconds of the clock.
    `library` is a folder to import the methods from in place of the present ones; "" for those.
    `entry` is "module:function", called with the job and a function that tells events. `folder` is where it may
    write; when it is not `confined`, it may write and connect as the worker may, which only fetching data needs.
    """

    arena: str
    method: str
    seconds: float
    memory_mb: float
    params: dict[str, Any] = field(default_factory=dict)
    setting: str = "default"
    scale: str = "full"
    seed: int = 0
    device: str = "cpu"
    visible_devices: str = ""
    library: str = ""
    entry: str = "workers.child:run_job"
    nice: int = 5
    folder: str = ""
    confined: bool = True

    @property
    def clock_seconds(self) -> float:
        """How long it may take by the clock, its waiting for a processor left out: that is the machine's doing."""
        if self.device != "cpu":
            return self.seconds
        return self.seconds + min(max(self.seconds, LEAST_SLACK), MOST_SLACK)

    @property
    def patience(self) -> float:
        """The same with that waiting; a machine so busy could not do the run, which is not the method's failure."""
        return 10 * self.seconds + 60


@dataclass
class Watch:
    """What is known of a running child."""

    fraction: float = 0.0
    text: str = "starting"
    log: str = ""
    curve: list[dict[str, float]] = field(default_factory=list)
    code_digest: str = ""
    pid: int = 0
    memory_mb: float = 0.0
    peak_memory_mb: float = 0.0


@dataclass(frozen=True)
class Ending:
    """How a run ended. `kind` is DONE, STOPPED by this side, or whose or what failure it was; DATA when it needs data
    that is not on this machine yet."""

    DONE, STOPPED, DATA = "done", "stopped", "data"
    METHOD, TIME, MEMORY, LOST, MACHINE = "method", "time", "memory", "lost", "machine"

    kind: str
    cause: str = ""
    outcome: dict[str, Any] | None = None
    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    log: str = ""
    curve: list[dict[str, float]] = field(default_factory=list)
    code_digest: str = ""
