"""One run from start to finish: what a worker's child process, a test and a notebook all call."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from methods.kit.engine import own_data
from methods.kit.engine.code_digest import code_digest, options_digest, run_digest
from methods.kit.engine.registry import load_arena, load_method
from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class Outcome:
    """What one run gives back; plain data, ready for JSON."""

    scores: dict[str, float]
    curve: list[dict[str, float]]
    counts: dict[str, float]
    seconds: float
    peak_memory_mb: float
    device: str
    code_digest: str
    environment: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def execute(arena: str, method: str, *, params: dict[str, Any] | None = None, setting: str = "default",
            scale: str = "full", seed: int = 0, device: str = "cpu", on_progress=None,
            on_measuring: Callable[[Trial], None] | None = None) -> Outcome:
    """Run `method` in `arena` once. Seconds are the processor's on a CPU and the wall's on CUDA; peak memory, in MB,
    is the resident set's on a CPU and the allocator's on CUDA. `on_measuring` is called when the data is there,
    before the clock starts.

    Raises KeyError for unknown names and ValueError for invalid hyperparameters or metrics.
    """
    arena_cls, method_cls = load_arena(arena), load_method(arena, method)
    stage, contestant = arena_cls(), method_cls(**(params or {}))
    trial = stage.trial(setting=setting, scale=scale, seed=seed, device=device, on_progress=on_progress)
    with own_data.in_use(stage.sources, scale) as own:
        trial.progress(0.0, "loading data")
        data = stage.data(trial)
        if on_measuring:
            on_measuring(trial)
        _reset_peak(trial.device)
        clock = _clock(trial.device)
        started = clock()
        scores = stage.score(contestant, trial, data)
        seconds = clock() - started
    return Outcome(scores, trial.curve, trial.counts, seconds, _peak_memory_mb(trial.device), str(trial.device),
                   digest_of_run(arena, method, setting, scale), environment(trial.device) | {
                       f"own {each.source}": f"{each.title}, {each.sha256[:12]}" for each in own})


def digest_of_run(arena: str, method: str, setting: str, scale: str) -> str:
    """What a run of this method is told by, as the files are now. Raises KeyError for unknown names."""
    stage = load_arena(arena)
    return run_digest(code_digest(load_method(arena, method), stage), options_digest(stage, setting, scale))


def environment(device: torch.device) -> dict[str, str]:
    """What the numbers may depend on beside the code."""
    facts = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__,
             "scipy": _version("scipy"), "scikit-learn": _version("scikit-learn"), "platform": platform.platform(),
             "processor": _processor(), "instructions": torch.backends.cpu.get_cpu_capability(),
             "threads": str(torch.get_num_threads())}
    if device.type == "cuda":
        facts |= {"device": torch.cuda.get_device_name(device), "cuda": str(torch.version.cuda),
                  "driver": _nvidia_driver()}
    return facts


@cache
def _version(package: str) -> str:
    return version(package)


def _clock(device: torch.device):
    """Processor time on a CPU, where a run has one thread and a busy machine must not count; wall time on CUDA."""
    if device.type != "cuda":
        return time.process_time

    def wall() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()
    return wall


@cache
def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            found = next((line for line in lines if line.startswith("model name")), "")
        return found.split(":", 1)[-1].strip() or platform.machine()
    except OSError:
        return platform.processor() or platform.machine()


def _nvidia_driver() -> str:
    try:
        with open("/proc/driver/nvidia/version") as lines:
            match = re.search(r"\b(\d{3,}\.\d+(?:\.\d+)?)\b", lines.read())
        return match.group(1) if match else "unknown"
    except OSError:
        return "unknown"


def _reset_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif os.path.exists("/proc/self/clear_refs"):
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")


def _peak_memory_mb(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    try:
        with open("/proc/self/status") as lines:
            peak = next(line for line in lines if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024
    except (OSError, StopIteration):
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
