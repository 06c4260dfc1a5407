"""Runs of an arena for the contract checks, with data and outcomes kept, and what each run left changed."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from methods.kit.engine.archives import refused
from methods.kit.engine.fingerprint import fingerprint
from methods.kit.method import Method
from methods.kit.stage.arena import Arena


@dataclass
class Rehearsed:
    """What one run gave, and which of the process's global settings it left changed."""

    scores: dict[str, float]
    curve: list[dict[str, float]]
    counts: dict[str, float]
    seconds: float
    changed: list[str] = field(default_factory=list)

    @property
    def course(self) -> str:
        """Scores and curve, exactly; NaN equals NaN."""
        return repr((self.scores, self.curve))


class Rehearsal:
    """Runs of one arena at one scale and seed 0, with data and outcomes kept between checks."""

    def __init__(self, arena: type[Arena], scale: str):
        self.stage, self.scale = arena(), scale
        self._data: dict[tuple[str, int], tuple[Any, str]] = {}
        self._outcomes: dict[tuple, Rehearsed] = {}

    def make_data(self, setting: str = "default", seed: int = 0) -> Any:
        with self._limits(), one_thread():
            return self.stage.data(self.stage.trial(setting=setting, scale=self.scale, seed=seed))

    def data(self, setting: str = "default", seed: int = 0) -> Any:
        key = (setting, seed)
        if key not in self._data:
            made = self.make_data(setting, seed)
            self._data[key] = made, fingerprint(made)
        return self._data[key][0]

    def altered_data(self) -> list[str]:
        """Settings whose data is no longer what was made; it is forgotten, so that later checks see fresh data."""
        altered = [key for key, (made, digest) in self._data.items() if fingerprint(made) != digest]
        for key in altered:
            del self._data[key]
        return sorted({setting for setting, _ in altered})

    def run(self, method: Method, setting: str = "default", seed: int = 0, data: Any = None) -> Rehearsed:
        data = self.data(setting, seed) if data is None else data
        trial = self.stage.trial(setting=setting, scale=self.scale, seed=seed)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        before = global_state()
        started = time.process_time()
        try:
            with self._limits():
                scores = self.stage.score(method, trial, data)
        finally:
            seconds = time.process_time() - started
            after = global_state()
            restore(before)
            torch.set_num_threads(threads)
        changed = [name for name in before if repr(before[name]) != repr(after[name])]
        return Rehearsed(scores, trial.curve, trial.counts, seconds, changed)

    def outcome(self, cls: type[Method], setting: str = "default", seed: int = 0, **values: Any) -> Rehearsed:
        """A fresh instance's run; the same question is answered once."""
        key = (cls, setting, seed, repr(sorted(values.items())))
        if key not in self._outcomes:
            self._outcomes[key] = self.run(cls(**values), setting, seed)
        return self._outcomes[key]

    def outcomes_of(self, cls: type[Method]) -> dict[str, Rehearsed]:
        """By setting, what the method's runs at its defaults gave so far, at seed 0."""
        return {key[1]: rehearsed for key, rehearsed in self._outcomes.items()
                if key[0] is cls and key[2:] == (0, repr([]))}

    def _limits(self):
        return refused("smoke runs use built-in data only") if self.scale == "smoke" else nullcontext()


@contextmanager
def one_thread() -> Iterator[None]:
    """As in a worker's child; more threads only wait for each other at this size."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


_rehearsals: dict[tuple[type[Arena], str], Rehearsal] = {}


def rehearsal_of(arena: type[Arena], scale: str) -> Rehearsal:
    """The one rehearsal of an arena at a scale in this process."""
    if (arena, scale) not in _rehearsals:
        _rehearsals[arena, scale] = Rehearsal(arena, scale)
    return _rehearsals[arena, scale]


def global_state() -> dict[str, Any]:
    """What a run must leave as it found it, by name."""
    return {"torch's global generator": torch.get_rng_state().numpy().tobytes(),
            "numpy's global generator": _numpy_state(), "Python's global generator": random.getstate(),
            "default dtype": torch.get_default_dtype(), "grad mode": torch.is_grad_enabled(),
            "number of threads": torch.get_num_threads(),
            "deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
            "default device": torch.get_default_device(), "numpy's error handling": np.geterr()}


def _numpy_state() -> tuple:
    name, keys, *rest = np.random.get_state(legacy=True)
    return name, np.asarray(keys).tobytes(), *rest


def restore(state: dict[str, Any]) -> None:
    torch.set_rng_state(torch.frombuffer(bytearray(state["torch's global generator"]), dtype=torch.uint8))
    name, keys, *rest = state["numpy's global generator"]
    np.random.set_state((name, np.frombuffer(keys, np.uint32), *rest))
    random.setstate(state["Python's global generator"])
    torch.set_default_dtype(state["default dtype"])
    torch.set_grad_enabled(state["grad mode"])
    torch.set_num_threads(state["number of threads"])
    torch.use_deterministic_algorithms(state["deterministic algorithms"])
    if torch.get_default_device() != state["default device"]:
        torch.set_default_device(state["default device"])
    np.seterr(**state["numpy's error handling"])
